#include "inference/model_runner.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/error.h"
#include "inference/final_norm.h"
#include "telemetry/log.h"

namespace axllama::inference {
namespace {

using base::Bf16;

/// Of so many asynchronous decode steps one is measured.
constexpr std::size_t kMeasuredDecodeSteps = 16;

LayerStack load_layers(axcl::Card& card, const model::Package& package,
                       const std::function<bool(std::size_t, std::size_t)>& progress) {
  LayerStack stack(card, package.files(), progress);
  if (stack.shapes().hidden != package.hidden_size()) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      package.files().layers.front().filename().string() + " has a hidden size of " +
                          std::to_string(stack.shapes().hidden) + ", but the embedding table " +
                          package.files().embedding.filename().string() + " has rows of " +
                          std::to_string(package.hidden_size()) + ".");
  }
  return stack;
}

/// A group may have more history slots than the decode group, and whole chunks may be stored at any position:
/// the spare rows behind the context keep both within the cache's own memory.
KvCacheShape cache_shape(const LayerStack& stack) {
  const model::LayerShapes& shapes = stack.shapes();
  std::size_t slots = shapes.context;
  std::size_t rows = 0;
  for (const model::PrefillGroup& group : shapes.prefill) {
    slots = std::max(slots, group.cache_slots);
    rows = std::max(rows, group.rows);
  }
  return {stack.size(), shapes.context, slots + rows, shapes.kv_width * sizeof(Bf16)};
}

/// What must stay free when memory is given to something that the model can do without.
std::uint64_t slot_reserve(const KvCacheShape& shape) {
  return std::uint64_t{2} * shape.layers * shape.slots * shape.row_bytes + kCardReserveBytes;
}

}  // namespace

using Clock = std::chrono::steady_clock;

ModelRunner::ModelRunner(axcl::Card& card, std::shared_ptr<const model::Package> package,
                         const std::function<bool(std::size_t, std::size_t)>& progress,
                         const EngineOptions& options)
    : card_(card),
      package_(std::move(package)),
      queue_(card, options.asynchronous),
      stack_(load_layers(card, *package_, progress)),
      head_(card, queue_, package_->files().head, stack_.shapes().hidden, package_->vocabulary_size()),
      decode_chain_(card, queue_, stack_, head_.input()),
      prefill_chain_(card, queue_, stack_, *package_, usable_prefill_groups(stack_.shapes().prefill)),
      costs_(prefill_groups()),
      planner_([this](std::size_t cached, std::size_t remaining) {
        return next_prefill_step(prefill_groups(), costs_.costs(), cached, remaining);
      }),
      embeddings_(options.card_embeddings
                      ? CardEmbeddings::upload(card, *package_, slot_reserve(cache_shape(stack_)))
                      : std::nullopt),
      slots_(card, cache_shape(stack_), decode_chain_, head_, options.kv_slots, options.parallel),
      speculates_(options.speculation) {}

/// What the card still works at must be there until it is done.
ModelRunner::~ModelRunner() {
  queue_.settle();
}

std::uint64_t ModelRunner::card_bytes() const noexcept {
  return stack_.file_bytes() + head_.card_bytes() + slots_.card_bytes() + decode_chain_.card_bytes() +
         prefill_chain_.card_bytes() + (embeddings_ ? embeddings_->bytes() : 0);
}

bool ModelRunner::drop_embeddings() noexcept {
  const bool had = embeddings_.has_value();
  embeddings_.reset();
  return had;
}

KvLayout ModelRunner::kv_layout() const noexcept {
  const KvCacheShape& shape = slots_.all().front()->cache.shape();
  return {shape.layers, shape.row_bytes};
}

double ModelRunner::prefill_cost(std::size_t cached, std::size_t total) const {
  return inference::prefill_cost(prefill_groups(), costs_.costs(), cached, total - cached);
}

/// Work that is waited for at once; after an error, too, nothing of it is left on the card.
template <typename Work>
void ModelRunner::complete(Work&& work) {
  try {
    std::forward<Work>(work)();
    wait();
  } catch (...) {
    measured_.reset();
    wants_logits_ = nullptr;
    queue_.settle();
    throw;
  }
}

/// Writes rows behind the slot's, which does not have them yet.
axcl::DeviceSpan ModelRunner::run_rows(KvSlot& slot, std::size_t group,
                                       std::span<const text::TokenId> tokens) {
  const Clock::time_point start = Clock::now();
  const axcl::DeviceSpan hidden_states = prefill_chain_.run(slot.cache, group, tokens);
  measure({start, group, tokens.size()});
  return hidden_states;
}

axcl::DeviceSpan ModelRunner::run_chunk(KvSlot& slot, std::size_t group,
                                        std::span<const text::TokenId> tokens) {
  const axcl::DeviceSpan hidden_states = run_rows(slot, group, tokens);
  slot.cache.append(tokens);
  slot.saved = false;
  return hidden_states;
}

std::optional<std::size_t> ModelRunner::guess_group(std::size_t cached) const {
  std::optional<std::size_t> best;
  const PrefillCosts costs = costs_.costs();
  for (std::size_t group = 0; speculates_ && group < prefill_groups().size(); ++group) {
    if (prefill_groups()[group].history >= cached && (!best || costs.chunk[group] < costs.chunk[*best])) {
      best = group;
    }
  }
  return best;
}

void ModelRunner::evaluate_guess(KvSlot& slot, std::size_t group, std::span<const text::TokenId> tokens) {
  complete([&] { guessed_states_ = run_rows(slot, group, tokens); });
}

Logits ModelRunner::guess_logits(KvSlot& slot, std::size_t row, LogitsWanted wanted) {
  complete([&] {
    load_head_input(guessed_states_, row);
    evaluate_logits(slot, wanted);
  });
  return logits(slot);
}

void ModelRunner::keep_guess(KvSlot& slot, std::span<const text::TokenId> tokens) {
  slot.cache.append(tokens);
  slot.saved = false;
}

/// Nothing is known before a decode step has been measured.
SpeculationCosts ModelRunner::speculation_costs(std::size_t group) const {
  if (!costs_.measured()) {
    return {};
  }
  const PrefillCosts costs = costs_.costs();
  return {costs.decode_step, costs.chunk.at(group)};
}

void ModelRunner::load_head_input(axcl::DeviceSpan hidden_states, std::size_t row) {
  const std::size_t row_bytes = head_.input().size;
  queue_.copy(head_.input(), hidden_states.subspan(row * row_bytes, row_bytes));
}

bool ModelRunner::prefill(KvSlot& slot, std::span<const text::TokenId> prompt) {
  const std::span<const text::TokenId> rest = prompt.subspan(slot.cache.size());
  const PrefillStep step = planner_(slot.cache.size(), rest.size());
  if (step.group) {
    const axcl::DeviceSpan hidden_states = run_chunk(slot, *step.group, rest.first(step.rows));
    evaluated_states_ = hidden_states.subspan(0, step.rows * head_.input().size);
    if (slot.cache.size() == prompt.size()) {
      load_head_input(hidden_states, step.rows - 1);
      decode_chain_.prepare(slot.decode, slot.cache);
    }
  } else {
    decode(slot, rest.front());
    evaluated_states_ = head_.input();
  }
  return slot.cache.size() == prompt.size();
}

void ModelRunner::decode(KvSlot& slot, text::TokenId token) {
  const Clock::time_point start = Clock::now();
  if (embeddings_) {
    decode_chain_.run(slot.decode, slot.cache, embeddings_->row(token));
  } else {
    decode_chain_.run(slot.decode, slot.cache, package_->embedding(token));
  }
  slot.cache.append({&token, 1});
  slot.saved = false;
  measure({start, std::nullopt, 1});
}

/// Of work that is not done yet the time is known later: by wait(), for which the head has to be asked apart.
/// That costs a wait more, so of decode steps only some are measured.
void ModelRunner::measure(const Measurement& measurement) {
  if (!queue_.asynchronous()) {
    record(measurement);
  } else if (measurement.group || decode_steps_++ % kMeasuredDecodeSteps == 0) {
    measured_ = measurement;
  }
}

void ModelRunner::record(const Measurement& measurement) {
  const auto time = Clock::now() - measurement.begun;
  if (measurement.group) {
    costs_.prefilled(*measurement.group, measurement.tokens, time);
  } else {
    costs_.decoded(time);
  }
}

void ModelRunner::wait() {
  queue_.wait();
  if (measured_) {
    record(*std::exchange(measured_, std::nullopt));
  }
  if (KvSlot* slot = std::exchange(wants_logits_, nullptr)) {
    head_.run(slot->result, wanted_);
    queue_.wait();
  }
}

void ModelRunner::abandon(KvSlot& slot) noexcept {
  measured_.reset();
  wants_logits_ = nullptr;
  if (!queue_.settle()) {
    distrust(slot);
  }
}

void ModelRunner::evaluate_logits(KvSlot& slot, LogitsWanted wanted) {
  if (measured_) {
    wants_logits_ = &slot;
    wanted_ = wanted;
  } else {
    head_.run(slot.result, wanted);
  }
}

/// Of logits that have been asked for in full.
std::span<const Bf16> ModelRunner::whole_row(KvSlot& slot) {
  const Logits found = logits(slot);
  if (!found.largest.empty()) {
    row_.assign(vocabulary(), base::f32_to_bf16(found.largest.back().logit));
    for (const Candidate& candidate : found.largest) {
      row_[static_cast<std::size_t>(candidate.id)] = base::f32_to_bf16(candidate.logit);
    }
    return row_;
  }
  if (head_.top_count() > 0 && !std::exchange(top_checked_, true) && !head_.check_top(slot.result)) {
    telemetry::log(telemetry::LogLevel::kWarning,
                   "the head's largest logits are not those of its row, so they are not used",
                   {{"model", package_->files().name}});
  }
  return logits(slot).all;
}

std::span<const Bf16> ModelRunner::download_states(axcl::DeviceSpan states) {
  states_.resize(states.size / sizeof(Bf16));
  card_.download(std::as_writable_bytes(std::span(states_)), states);
  return states_;
}

std::span<const Bf16> ModelRunner::evaluated_states() {
  return download_states(evaluated_states_);
}

std::span<const Bf16> ModelRunner::last_state() {
  return download_states(head_.input());
}

std::span<const float> ModelRunner::norm_gain() {
  if (norm_gain_.empty()) {
    norm_gain_ = find_norm_gain(card_, head_, package_->files().head.filename().string());
  }
  return norm_gain_;
}

void ModelRunner::copy(KvSlot& slot, const KvSlot& source, std::size_t count) {
  const Clock::time_point start = Clock::now();
  complete([&] { slot.cache.copy_from(queue_, source.cache, count); });
  slot.saved = false;
  costs_.copied(Clock::now() - start);
}

void ModelRunner::distrust(KvSlot& slot) noexcept {
  slot.cache.forget(true);
  slot.decode.invalidate();
  prefill_chain_.invalidate();
}

void ModelRunner::evaluate(std::span<const text::TokenId> tokens, const LogitsSink& sink) {
  KvSlot& slot = slots_.acquire(tokens);
  const std::unique_ptr<KvSlot, std::function<void(KvSlot*)>> lease(
      &slot, [this](KvSlot* leased) { slots_.release(*leased); });
  slot.cache.forget(false);
  slot.cache.make_trustworthy();
  while (slot.cache.size() < tokens.size()) {
    const std::size_t cached = slot.cache.size();
    const std::span<const text::TokenId> rest = tokens.subspan(cached);
    const PrefillStep step = planner_(cached, rest.size());
    if (!step.group) {
      complete([&] {
        decode(slot, rest.front());
        evaluate_logits(slot, std::nullopt);
      });
      sink(cached, whole_row(slot));
      continue;
    }
    complete([&] { guessed_states_ = run_chunk(slot, *step.group, rest.first(step.rows)); });
    for (std::size_t row = 0; row < step.rows; ++row) {
      guess_logits(slot, row, std::nullopt);
      sink(cached + row, whole_row(slot));
    }
  }
}

}  // namespace axllama::inference
