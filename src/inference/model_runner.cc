#include "inference/model_runner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"

namespace axllama::inference {
namespace {

using base::Bf16;

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

}  // namespace

ModelRunner::ModelRunner(axcl::Card& card, std::shared_ptr<const model::Package> package,
                         const std::function<bool(std::size_t, std::size_t)>& progress)
    : card_(card),
      package_(std::move(package)),
      stack_(load_layers(card, *package_, progress)),
      head_(card, package_->files().head, stack_.shapes().hidden, package_->vocabulary_size()),
      cache_(card, cache_shape(stack_)),
      decode_chain_(card, stack_, head_.input()),
      prefill_chain_(card, stack_, *package_, usable_prefill_groups(stack_.shapes().prefill)),
      planner_([this, costs = PrefillCosts::guess(prefill_groups().size())](std::size_t cached,
                                                                            std::size_t remaining) {
        return next_prefill_step(prefill_groups(), costs, cached, remaining);
      }) {}

std::uint64_t ModelRunner::card_bytes() const noexcept {
  return stack_.file_bytes() + head_.card_bytes() + cache_.bytes() + decode_chain_.card_bytes() +
         prefill_chain_.card_bytes();
}

std::size_t ModelRunner::begin(std::span<const text::TokenId> prompt) {
  cache_.make_trustworthy();
  return cache_.keep_common_prefix(prompt);
}

axcl::DeviceSpan ModelRunner::run_chunk(std::size_t group, std::span<const text::TokenId> tokens) {
  const axcl::DeviceSpan hidden_states = prefill_chain_.run(cache_, group, tokens);
  cache_.append(tokens);
  return hidden_states;
}

void ModelRunner::load_head_input(axcl::DeviceSpan hidden_states, std::size_t row) {
  const std::size_t row_bytes = head_.input().size;
  card_.copy(head_.input(), hidden_states.subspan(row * row_bytes, row_bytes));
}

bool ModelRunner::prefill(std::span<const text::TokenId> prompt) {
  const std::span<const text::TokenId> rest = prompt.subspan(cache_.size());
  const PrefillStep step = planner_(cache_.size(), rest.size());
  if (step.group) {
    const axcl::DeviceSpan hidden_states = run_chunk(*step.group, rest.first(step.rows));
    if (cache_.size() == prompt.size()) {
      load_head_input(hidden_states, step.rows - 1);
    }
  } else {
    decode(rest.front());
  }
  return cache_.size() == prompt.size();
}

void ModelRunner::decode(text::TokenId token) {
  decode_chain_.run(cache_, package_->embedding(token));
  cache_.append({&token, 1});
}

std::span<const Bf16> ModelRunner::logits() {
  return head_.run();
}

void ModelRunner::forget() noexcept {
  cache_.forget(true);
  decode_chain_.invalidate();
  prefill_chain_.invalidate();
}

void ModelRunner::evaluate(std::span<const text::TokenId> tokens, const LogitsSink& sink) {
  cache_.make_trustworthy();
  cache_.forget(false);
  while (cache_.size() < tokens.size()) {
    const std::size_t cached = cache_.size();
    const std::span<const text::TokenId> rest = tokens.subspan(cached);
    const PrefillStep step = planner_(cached, rest.size());
    if (!step.group) {
      decode(rest.front());
      sink(cached, logits());
      continue;
    }
    const axcl::DeviceSpan hidden_states = run_chunk(*step.group, rest.first(step.rows));
    for (std::size_t row = 0; row < step.rows; ++row) {
      load_head_input(hidden_states, row);
      sink(cached + row, logits());
    }
  }
}

}  // namespace axllama::inference
