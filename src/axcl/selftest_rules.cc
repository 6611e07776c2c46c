#include "axcl/selftest_rules.h"

#include <algorithm>

#include "axcl/errors.h"
#include "axcl/selftest_uses.h"

namespace axllama::axcl {
namespace {

using base::Bf16;

constexpr std::size_t kOffset = 4096;  // bytes into a larger block; a multiple of what a DMA engine may want

}  // namespace

SelfTestRules::SelfTestRules(Card& card, Model& model, const LayerForm& form)
    : card_(card), model_(model), form_(form), plain_(card, model, form, form.decode_group) {
  prepare(plain_, 0);
  first_ = plain_.results();
  prepare(plain_, 1);
  second_ = plain_.results();
}

void SelfTestRules::prepare(LayerRun& run, std::size_t row) const {
  run.write_rows(row);
  run.write(form_.mask, decode_mask(form_.slots, 0));
}

void SelfTestRules::judge(const char* name, int rule, const std::string& what, std::int32_t code,
                          bool right) {
  const Verdict verdict = code != kAxclSuccess ? Verdict::kRefused
                          : right              ? Verdict::kWorks
                                               : Verdict::kWrong;
  std::string outcome = verdict == Verdict::kWorks ? "works." : "gives wrong results without an error.";
  if (verdict == Verdict::kRefused) outcome = "is refused: " + describe_axcl_error(code) + ".";
  checks_.push_back({name, rule, verdict, what + " " + outcome});
}

std::vector<SelfTestCheck> SelfTestRules::run() {
  if (card_.runtime().is_software_card()) {
    leave_unbound();
  } else {
    checks_.push_back({"rule-1-unbound", 1, Verdict::kSkipped,
                       "Not tried on hardware, where an unbound buffer may be anywhere."});
  }
  bind_too_much();
  share_between_groups();
  bind_inside(form_.mask, "mask");
  bind_inside(form_.indices, "indices");
  chunk_into_cache();
  alias();
  unwritten_cache();
  small_chunk();
  return std::move(checks_);
}

void SelfTestRules::leave_unbound() {
  LayerRun run(card_, model_, form_, form_.decode_group);
  prepare(run, 0);
  IoBinding io(model_, form_.decode_group);
  for (std::size_t i = 0; i < model_.inputs().size(); ++i) {
    if (i != form_.v_cache) io.bind_input(i, run.in(i));
  }
  for (std::size_t i = 0; i < model_.outputs().size(); ++i) io.bind_output(i, run.out(i));
  const std::int32_t code = io.execute_unchecked();
  judge("rule-1-unbound", 1, "Leaving V_cache unbound", code, code == kAxclSuccess && run.rows() == first_);
}

void SelfTestRules::bind_too_much() {
  LayerRun run(card_, model_, form_, form_.decode_group);
  prepare(run, 0);
  const DeviceBuffer larger(card_, 2 * run.in(form_.input).size);
  card_.fill(larger.span(), 0);
  card_.copy(larger.span().subspan(0, run.in(form_.input).size), run.in(form_.input));
  run.io().bind_input(form_.input, larger.span());
  const std::int32_t code = run.run();
  judge("rule-2-size", 2, "Binding more bytes than the shape group has", code,
        code == kAxclSuccess && run.rows() == first_);
}

void SelfTestRules::share_between_groups() {
  if (form_.chunks.empty()) return;
  LayerRun decode(card_, model_, form_, form_.decode_group);
  prepare(decode, 0);
  if (decode.run() != kAxclSuccess) return;
  const LayerForm::Chunk& chunk = form_.chunks.front();
  LayerRun other(card_, model_, form_, chunk.group);
  other.write(form_.mask, chunk_mask(chunk.rows, chunk.history, 0));
  other.write_rows(0);
  const LayerRows expected = other.results();
  for (std::size_t i = 0; i < model_.inputs().size(); ++i) decode.io().bind_input(i, other.in(i));
  for (std::size_t i = 0; i < model_.outputs().size(); ++i) {
    card_.fill(other.out(i), 0);
    decode.io().bind_output(i, other.out(i));
  }
  const std::int32_t code = decode.io().execute_unchecked(chunk.group);
  judge("rule-3-one-object", 3, "Using one IO object for two shape groups", code,
        code == kAxclSuccess && other.rows().keys == expected.keys);
}

/// The second of two executions with changed content tells stale reads from fresh ones.
void SelfTestRules::bind_inside(std::size_t tensor, const char* name) {
  LayerRun run(card_, model_, form_, form_.decode_group);
  const std::size_t size = run.in(tensor).size;
  const DeviceBuffer block(card_, kOffset + size);
  card_.fill(block.span(), 0);
  const DeviceSpan inside = block.span().subspan(kOffset, size);
  run.io().bind_input(tensor, inside);
  // Row 5 of another position and with hidden rows in sight first, then row 1 as it was computed before.
  std::int32_t code = kAxclSuccess;
  for (const std::size_t row : {std::size_t{5}, std::size_t{1}}) {
    run.write_rows(row);
    run.write(form_.mask, decode_mask(form_.slots, row == 1 ? 0 : form_.slots));
    card_.copy(inside, run.in(tensor));
    code = run.run();
    if (code != kAxclSuccess) break;
  }
  const bool right = code == kAxclSuccess && run.rows() == second_;
  judge((std::string("rule-4-") + name + "-inside").c_str(), 4,
        "Binding " + std::string(name) + " inside a larger block", code, right);
}

void SelfTestRules::chunk_into_cache() {
  const auto chunk =
      std::find_if(form_.chunks.begin(), form_.chunks.end(),
                   [](const LayerForm::Chunk& candidate) { return candidate.rows >= kMinimumOutputRows; });
  if (chunk == form_.chunks.end()) return;
  LayerRun run(card_, model_, form_, chunk->group);
  run.write(form_.mask, chunk_mask(chunk->rows, chunk->history, 0));
  run.write_rows(0);
  const LayerRows expected = run.results();
  const DeviceSpan own = run.out(form_.k_out);
  const DeviceBuffer cache(card_, 2 * own.size);
  card_.fill(cache.span(), 0);
  const DeviceSpan inside = cache.span().subspan(own.size, own.size);
  run.io().bind_output(form_.k_out, inside);
  const std::int32_t code = run.io().execute_unchecked();
  std::vector<Bf16> keys(expected.keys.size());
  card_.download(std::as_writable_bytes(std::span(keys)), inside);
  judge("rule-5-chunk-in-cache", 5, "Binding a chunk's keys inside a cache", code,
        code == kAxclSuccess && keys == expected.keys);
}

void SelfTestRules::alias() {
  LayerRun run(card_, model_, form_, form_.decode_group);
  prepare(run, 0);
  run.io().bind_output(form_.output, run.in(form_.input));
  const std::int32_t code = run.io().execute_unchecked();
  std::vector<Bf16> output(form_.hidden);
  card_.download(std::as_writable_bytes(std::span(output)), run.in(form_.input));
  judge("rule-6-alias", 6, "One buffer as input and output", code,
        code == kAxclSuccess && output == first_.output);
}

void SelfTestRules::unwritten_cache() {
  LayerRun run(card_, model_, form_, form_.decode_group);
  prepare(run, 0);
  const DeviceBuffer fresh(card_, run.in(form_.v_cache).size);
  run.io().bind_input(form_.v_cache, fresh.span());
  std::int32_t code = run.run();
  bool right = code == kAxclSuccess && run.rows() == first_;
  if (right) {
    // What lay there may have been harmless by chance; this is not.
    card_.fill(fresh.span(), 0xFF);
    code = run.run();
    right = code == kAxclSuccess && run.rows() == first_;
  }
  judge("rule-7-unwritten-cache", 7, "A cache that was never zeroed, its rows hidden by the mask,", code,
        right);
}

/// The hidden states of a chunk of few rows are not written; a strict card notices when they are used.
void SelfTestRules::small_chunk() {
  const auto chunk =
      std::find_if(form_.chunks.begin(), form_.chunks.end(),
                   [](const LayerForm::Chunk& candidate) { return candidate.rows < kMinimumOutputRows; });
  if (chunk == form_.chunks.end()) {
    checks_.push_back(
        {"rule-8-small-chunk", 8, Verdict::kSkipped, "The layer has no chunk group below 64 rows."});
    return;
  }
  LayerRun run(card_, model_, form_, chunk->group);
  run.write(form_.mask, chunk_mask(chunk->rows, chunk->history, 0));
  run.write_rows(0);
  std::int32_t code = run.run();
  bool right = false;
  if (code == kAxclSuccess) {
    LayerRun next(card_, model_, form_, chunk->group);
    next.write(form_.mask, chunk_mask(chunk->rows, chunk->history, 0));
    next.write_rows(0);
    next.io().bind_input(form_.input, run.out(form_.output));
    code = next.run();
  }
  if (code == kAxclSuccess) {
    std::vector<Bf16> output(run.out(form_.output).size / sizeof(Bf16));
    card_.download(std::as_writable_bytes(std::span(output)), run.out(form_.output));
    right = !LayerRun::is_untouched(output);
  }
  judge("rule-8-small-chunk", 8,
        "Using the hidden states of a chunk of " + std::to_string(chunk->rows) + " rows", code, right);
}

}  // namespace axllama::axcl
