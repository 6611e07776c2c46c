#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "axcl/card.h"
#include "inference/decode_chain.h"
#include "inference/head.h"
#include "inference/kv_cache.h"
#include "inference/layer_stack.h"
#include "inference/prefill_chain.h"
#include "inference/prefill_plan.h"
#include "inference/sequence_runner.h"
#include "model/package.h"

namespace axllama::inference {

/// Chooses the next engine call of a prefill: (tokens cached, tokens remaining > 0).
using PrefillPlanner = std::function<PrefillStep(std::size_t, std::size_t)>;
/// Takes the logits [V] bf16 after the token at a position.
using LogitsSink = std::function<void(std::size_t, std::span<const base::Bf16>)>;

/// A model on the card: layers, head, KV cache and the two ways through them. Owner thread only.
class ModelRunner final : public SequenceRunner {
 public:
  ModelRunner(axcl::Card& card, std::shared_ptr<const model::Package> package,
              const std::function<bool(std::size_t, std::size_t)>& progress);

  std::size_t begin(std::span<const text::TokenId> prompt) override;
  bool prefill(std::span<const text::TokenId> prompt) override;
  void decode(text::TokenId token) override;
  std::span<const base::Bf16> logits() override;
  void forget() noexcept override;

  /// Evaluates `tokens` from an empty cache and gives the logits after each of them, in order.
  void evaluate(std::span<const text::TokenId> tokens, const LogitsSink& sink);

  const model::Package& package() const noexcept { return *package_; }
  const model::LayerShapes& shapes() const noexcept { return stack_.shapes(); }
  /// The groups that prefill uses; PrefillStep::group counts them.
  const std::vector<model::PrefillGroup>& prefill_groups() const noexcept { return prefill_chain_.groups(); }
  const KvCache& cache() const noexcept { return cache_; }
  KvCache& cache() noexcept { return cache_; }
  std::shared_ptr<const text::Tokenizer> tokenizer() const noexcept {
    return {package_, &package_->tokenizer()};
  }
  std::size_t vocabulary() const noexcept { return package_->vocabulary_size(); }
  std::uint64_t card_bytes() const noexcept;
  void set_planner(PrefillPlanner planner) { planner_ = std::move(planner); }

 private:
  axcl::DeviceSpan run_chunk(std::size_t group, std::span<const text::TokenId> tokens);
  void load_head_input(axcl::DeviceSpan hidden_states, std::size_t row);

  axcl::Card& card_;
  std::shared_ptr<const model::Package> package_;
  LayerStack stack_;
  Head head_;
  KvCache cache_;
  DecodeChain decode_chain_;
  PrefillChain prefill_chain_;
  PrefillPlanner planner_;
};

}  // namespace axllama::inference
