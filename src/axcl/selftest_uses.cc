#include "axcl/selftest_uses.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>

namespace axllama::axcl {
namespace {

using base::Bf16;

constexpr std::size_t kCachedRows = 4;  // history of the single-row checks
constexpr int kTimedCalls = 20;

std::span<const Bf16> row_of(const std::vector<Bf16>& rows, std::size_t row, std::size_t width) {
  return std::span(rows).subspan(row * width, width);
}

bool same(std::span<const Bf16> a, std::span<const Bf16> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

std::string percent(double share) {
  return std::isfinite(share)
             ? std::to_string(static_cast<int>(std::lround(share * 1000)) / 10.0).substr(0, 5) + " %"
             : "values that are not numbers";
}

template <typename Call>
double median_us(Call&& call) {
  std::vector<double> times;
  for (int i = 0; i < kTimedCalls; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    call();
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

double relative_difference(std::span<const Bf16> a, std::span<const Bf16> b) {
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const double x = base::bf16_to_f32(a[i]);
    const double y = base::bf16_to_f32(b[i]);
    difference += (x - y) * (x - y);
    size += y * y;
  }
  const double share = std::sqrt(difference / std::max(size, 1e-30));
  return std::isfinite(share) ? share : std::numeric_limits<double>::infinity();
}

SelfTestUses::SelfTestUses(Card& card, Model& model, const LayerForm& form)
    : card_(card), model_(model), form_(form), decode_(card, model, form, form.decode_group) {}

void SelfTestUses::add(const char* name, int rule, bool passed, const std::string& what) {
  checks_.push_back({name, rule, passed ? Verdict::kPassed : Verdict::kFailed, what});
}

void SelfTestUses::skip(const char* name, int rule, const std::string& why) {
  checks_.push_back({name, rule, Verdict::kSkipped, why});
}

/// Row `row` of the probe's input with `visible` cached rows in sight.
LayerRows SelfTestUses::decode(std::size_t row, std::size_t visible) {
  decode_.write_rows(row);
  decode_.write(form_.mask, decode_mask(form_.slots, visible));
  return decode_.results();
}

std::vector<SelfTestCheck> SelfTestUses::run() {
  check_repeatable();
  check_outputs();
  check_inputs();
  check_rows_in_their_slot();
  check_chunks();
  judge_sameness();
  measure();
  return std::move(checks_);
}

void SelfTestUses::check_repeatable() {
  const bool repeats = decode(0, 0) == decode(0, 0);
  add("repeatable", 0, repeats,
      repeats ? "The same row gives the same bytes again."
              : "The same row gives other bytes the second time.");
}

void SelfTestUses::check_outputs() {
  const LayerRows rows = decode(0, 0);
  std::string untouched;
  std::string broken;
  for (const auto& [name, values] :
       {std::pair{"K_cache_out", &rows.keys}, std::pair{"V_cache_out", &rows.values},
        std::pair{"output", &rows.output}}) {
    const std::string item = std::string(untouched.empty() && broken.empty() ? "" : ", ") + name;
    if (LayerRun::is_untouched(*values)) {
      untouched += item;
    } else if (!std::all_of(values->begin(), values->end(),
                            [](Bf16 value) { return std::isfinite(base::bf16_to_f32(value)); })) {
      broken += item;
    }
  }
  add("outputs-written", 1, untouched.empty(),
      untouched.empty() ? "Every output of a decoded row is written." : "Not written: " + untouched + ".");
  add("zeroed-cache", 7, broken.empty(),
      broken.empty() ? "With zeroed caches all results are finite."
                     : "With zeroed caches these hold values that are not numbers: " + broken + ".");
}

/// Each input has to matter, and a change of its content has to be seen by the next execution: an input that
/// is bound but read stale or not at all gives plausible nonsense.
void SelfTestUses::check_inputs() {
  const std::size_t cached = std::min(kCachedRows, form_.slots);
  std::vector<Bf16> rows;
  for (std::size_t row = 0; row < cached; ++row) {
    const auto values = probe_row(1000 + row, form_.kv);
    rows.insert(rows.end(), values.begin(), values.end());
  }
  const std::vector<Bf16> zeroes(rows.size());
  decode_.write(form_.k_cache, rows);
  decode_.write(form_.v_cache, rows);
  const LayerRows reference = decode(cached, cached);
  std::set<std::string> ignored;
  const auto expect_change = [&](const char* name, const LayerRows& changed, bool in_keys) {
    if (in_keys ? changed.keys == reference.keys : changed.output == reference.output) ignored.insert(name);
  };
  expect_change("mask", decode(cached, 0), false);
  decode_.write_positions(cached + 1);
  decode_.write(form_.mask, decode_mask(form_.slots, cached));
  expect_change("indices", decode_.results(), true);
  expect_change("input", decode(cached + 1, cached), true);
  // With keys that are all alike the rows are averaged; with values of zero they add nothing.
  decode_.write(form_.k_cache, zeroes);
  expect_change("K_cache", decode(cached, cached), false);
  decode_.write(form_.k_cache, rows);
  decode_.write(form_.v_cache, zeroes);
  expect_change("V_cache", decode(cached, cached), false);
  decode_.write(form_.v_cache, rows);
  if (decode(cached, cached) != reference) ignored.insert("content that was restored");
  decode_.write(form_.k_cache, zeroes);
  decode_.write(form_.v_cache, zeroes);
  std::string list;
  for (const std::string& name : ignored) list += (list.empty() ? "" : ", ") + name;
  add("inputs-read", 1, list.empty(),
      list.empty() ? "A change of each input is seen by the next execution."
                   : "A change of these is not seen by the next execution: " + list + ".");
}

/// The engine lets a decoded row's keys and values land in their slot of the cache that the same execution
/// reads.
void SelfTestUses::check_rows_in_their_slot() {
  const std::size_t slot = std::min(kCachedRows, form_.slots - 1);
  const LayerRows apart = decode(slot, 0);
  const std::size_t row_bytes = form_.kv * sizeof(Bf16);
  decode_.io().bind_output(form_.k_out, decode_.in(form_.k_cache).subspan(slot * row_bytes, row_bytes));
  decode_.io().bind_output(form_.v_out, decode_.in(form_.v_cache).subspan(slot * row_bytes, row_bytes));
  const LayerRows in_slot = decode(slot, 0);
  decode_.io().bind_output(form_.k_out, decode_.out(form_.k_out));
  decode_.io().bind_output(form_.v_out, decode_.out(form_.v_out));

  bool right = in_slot.output == apart.output;
  bool neighbours = true;
  for (const auto& [input, expected] :
       {std::pair{form_.k_cache, &apart.keys}, std::pair{form_.v_cache, &apart.values}}) {
    std::vector<Bf16> cache((slot + 2 <= form_.slots ? slot + 2 : form_.slots) * form_.kv);
    card_.download(std::as_writable_bytes(std::span(cache)),
                   decode_.in(input).subspan(0, cache.size() * sizeof(Bf16)));
    right = right && same(row_of(cache, slot, form_.kv), *expected);
    std::fill_n(cache.begin() + static_cast<std::ptrdiff_t>(slot * form_.kv), form_.kv, Bf16{0});
    neighbours = neighbours && std::all_of(cache.begin(), cache.end(), [](Bf16 value) { return value == 0; });
    card_.fill(decode_.in(input), 0);
  }
  add("rows-in-their-slot", 5, right && neighbours,
      right && neighbours ? "Keys and values of a decoded row land in their slot of the cache."
                          : "Keys and values of a decoded row (" + std::to_string(row_bytes) +
                                " bytes each) that are bound into "
                                "the cache " +
                                (neighbours ? "differ from those in buffers of their own."
                                            : "are written over their neighbours, too."));
}

/// A chunk's keys and values must be those that decoding gives, byte for byte, and its hidden states close to
/// them.
void SelfTestUses::check_chunk(const LayerForm::Chunk& chunk, std::size_t visible,
                               const std::string& suffix) {
  LayerRun run(card_, model_, form_, chunk.group);
  if (visible > 0) {
    run.write(form_.k_cache, std::span(cached_keys_).first(visible * form_.kv));
    run.write(form_.v_cache, std::span(cached_values_).first(visible * form_.kv));
  }
  run.write(form_.mask, chunk_mask(chunk.rows, chunk.history, visible));
  run.write_rows(visible);
  const LayerRows rows = run.results();
  cached_keys_.resize(visible * form_.kv);
  cached_values_.resize(visible * form_.kv);
  cached_keys_.insert(cached_keys_.end(), rows.keys.begin(), rows.keys.end());
  cached_values_.insert(cached_values_.end(), rows.values.begin(), rows.values.end());

  const std::size_t usable = std::min(form_.slots, visible + chunk.rows) * form_.kv;
  decode_.write(form_.k_cache, std::span(cached_keys_).first(usable));
  decode_.write(form_.v_cache, std::span(cached_values_).first(usable));
  std::size_t differing = chunk.rows;
  double worst = 0;
  for (const std::size_t row : {std::size_t{0}, std::size_t{1}, chunk.rows / 2, chunk.rows - 1}) {
    if (visible + row > form_.slots) continue;
    const LayerRows alone = decode(visible + row, visible + row);
    if (!same(row_of(rows.keys, row, form_.kv), alone.keys) ||
        !same(row_of(rows.values, row, form_.kv), alone.values)) {
      differing = std::min(differing, row);
    }
    if (!rows.output.empty()) {
      const auto state = row_of(rows.output, row, form_.hidden);
      worst = std::max(worst, relative_difference(state, alone.output));
      ++compared_states_;
      differing_states_ += same(state, alone.output) ? 0U : 1U;
    }
  }
  const std::string group = "shape group " + std::to_string(chunk.group);
  add(("chunk-equals-decode" + suffix).c_str(), 0, differing == chunk.rows,
      differing == chunk.rows
          ? "Keys and values of a chunk (" + group + ") are those of decoding, byte for byte."
          : "Row " + std::to_string(differing) + " of a chunk (" + group +
                ") has other keys or values than decoding "
                "gives.");
  worst_state_ = std::max(worst_state_, worst);
  const std::string name = "chunk-output" + suffix;
  if (rows.output.empty()) {
    skip(name.c_str(), 8,
         "A chunk of " + std::to_string(chunk.rows) + " rows gives no hidden states; it takes 64.");
  } else {
    const bool close = worst <= kOutputTolerance;
    add(name.c_str(), 8, close,
        "Hidden states of a chunk (" + group + ") differ from decoding by " + percent(worst) +
            (close ? "." : "; at most 5 % are expected."));
  }
  card_.fill(decode_.in(form_.k_cache), 0);
  card_.fill(decode_.in(form_.v_cache), 0);
}

void SelfTestUses::check_chunks() {
  if (form_.chunks.empty()) {
    skip("chunk-equals-decode", 0, "The layer has no chunk group.");
    return;
  }
  check_chunk(form_.chunks.front(), 0, "");
  const auto with_history = std::find_if(form_.chunks.begin(), form_.chunks.end(),
                                         [](const LayerForm::Chunk& chunk) { return chunk.history > 1; });
  if (with_history == form_.chunks.end()) {
    skip("chunk-equals-decode-later", 0, "No chunk group of the layer looks at a history.");
    return;
  }
  const std::size_t visible = std::min({with_history->history, form_.chunks.front().rows, form_.slots});
  check_chunk(*with_history, visible, "-later");
}

/// Next layers compute their keys and values from hidden states, and the head its logits: where those differ
/// in a bit, a token may come out otherwise. Keys and values have been checked.
void SelfTestUses::judge_sameness() {
  if (compared_states_ == 0) {
    skip(kSameRowsCheck, 0, "No hidden states of chunks could be compared. Tokens are not guessed.");
    return;
  }
  const bool all_same = differing_states_ == 0;
  checks_.push_back({kSameRowsCheck, 0, all_same ? Verdict::kPassed : Verdict::kWorks,
                     all_same ? "Hidden states of chunks are those of decoding, byte for byte."
                              : "Hidden states of chunks differ from those of decoding, by " +
                                    percent(worst_state_) +
                                    ": guessed tokens that are verified in chunks could come out otherwise. "
                                    "Tokens are not guessed."});
}

void SelfTestUses::measure() {
  decode_.write_rows(0);
  decode_.write(form_.mask, decode_mask(form_.slots, 0));
  execute_us_ = median_us([&] { decode_.io().execute(); });
  HostBuffer four(card_, sizeof(std::uint32_t));
  std::fill(four.bytes().begin(), four.bytes().end(), std::byte{0});
  const DeviceSpan target = decode_.in(form_.indices).subspan(0, four.bytes().size());
  copy_us_ = median_us([&] { card_.upload(target, four.bytes()); });
  const auto whole = [](double us) { return std::to_string(std::lround(us)); };
  add("cost", 0, true,
      "One layer takes " + whole(execute_us_) + " us, of which a call takes about " + whole(copy_us_) +
          " us.");
}

}  // namespace axllama::axcl
