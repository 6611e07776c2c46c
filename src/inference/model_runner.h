#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "axcl/card.h"
#include "inference/card_embeddings.h"
#include "inference/card_queue.h"
#include "inference/cost_meter.h"
#include "inference/decode_chain.h"
#include "inference/engine_options.h"
#include "inference/head.h"
#include "inference/kv_slots.h"
#include "inference/kv_tier.h"
#include "inference/layer_stack.h"
#include "inference/logits.h"
#include "inference/prefill_chain.h"
#include "inference/prefill_plan.h"
#include "inference/speculation.h"
#include "model/package.h"

namespace axllama::inference {

/// Chooses the next engine call of a prefill: (tokens cached, tokens remaining > 0).
using PrefillPlanner = std::function<PrefillStep(std::size_t, std::size_t)>;
/// Takes the logits [V] bf16 after the token at a position.
using LogitsSink = std::function<void(std::size_t, std::span<const base::Bf16>)>;

/// A model on the card: layers, head, KV slots and the two ways through them, for any of the slots. Owner
/// thread only. With EngineOptions::asynchronous, prefill(), decode() and evaluate_logits() only hand work to
/// the card; wait() ends what they began, and in between nothing else may be asked. All other methods wait
/// themselves.
class ModelRunner {
 public:
  ModelRunner(axcl::Card& card, std::shared_ptr<const model::Package> package,
              const std::function<bool(std::size_t, std::size_t)>& progress, const EngineOptions& options);
  ~ModelRunner();
  ModelRunner(const ModelRunner&) = delete;
  ModelRunner& operator=(const ModelRunner&) = delete;

  bool asynchronous() const noexcept { return queue_.asynchronous(); }
  /// Evaluates tokens of `prompt` that `slot` does not have yet in one engine call; true when it has all of
  /// them. What the slot has must be what the prompt begins with, but not all of it.
  bool prefill(KvSlot& slot, std::span<const text::TokenId> prompt);
  /// Evaluates one token after the cached ones.
  void decode(KvSlot& slot, text::TokenId token);
  /// Asks for the logits after the token evaluated last, which must be the slot's.
  void evaluate_logits(KvSlot& slot, LogitsWanted wanted);
  /// Returns when the card is done. Throws Error (kDevice, kUnavailable) when any of the work failed.
  void wait();
  /// The same for work that nobody needs any more; the slot keeps what it has if that went well.
  void abandon(KvSlot& slot) noexcept;
  /// What evaluate_logits() brought, valid until the slot's next ones.
  Logits logits(KvSlot& slot) const { return head_.logits(slot.result); }
  /// Whether there can be all logits, or the largest only.
  bool gives_all_logits() const noexcept { return head_.gives_all(); }
  std::size_t top_logits() const noexcept { return head_.top_count(); }
  /// Hidden states of the tokens that the last prefill() has evaluated, [tokens, hidden] bf16; of the token
  /// evaluated last when the slot has all of a prompt. Both valid until the next call.
  std::span<const base::Bf16> evaluated_states();
  std::span<const base::Bf16> last_state();
  /// The final norm's gain, [hidden]; see final_norm.h.
  std::span<const float> norm_gain();
  /// Takes over rows [slot's size, count) from another slot whose first tokens are the same.
  void copy(KvSlot& slot, const KvSlot& source, std::size_t count);
  /// Drops what the slot holds and does not trust its memory any more, nor the masks.
  void distrust(KvSlot& slot) noexcept;

  /// The prefill group that guessed tokens behind so many cached ones would be evaluated in: the cheapest
  /// that has room for them. None: speculation is off, or there is no such group.
  std::optional<std::size_t> guess_group(std::size_t cached) const;
  /// Evaluates `tokens` behind the slot's, which keeps what it has until keep_guess().
  void evaluate_guess(KvSlot& slot, std::size_t group, std::span<const text::TokenId> tokens);
  /// Logits after token `row` of those, valid until the slot's next ones.
  Logits guess_logits(KvSlot& slot, std::size_t row, LogitsWanted wanted);
  /// The slot has `tokens`, the first of those evaluated, from now on.
  void keep_guess(KvSlot& slot, std::span<const text::TokenId> tokens);
  SpeculationCosts speculation_costs(std::size_t group) const;
  Speculation& speculation() noexcept { return speculation_; }

  /// Gives back what only makes decoding faster; whether there was anything.
  bool drop_embeddings() noexcept;

  /// Evaluates `tokens` in a slot from the beginning and gives the logits after each of them, in order. Where
  /// the head gives the largest only, all others stand at the smallest of these.
  void evaluate(std::span<const text::TokenId> tokens, const LogitsSink& sink);

  /// What evaluating tokens [cached, total) costs, in the unit of costs().
  double prefill_cost(std::size_t cached, std::size_t total) const;
  CostMeter& costs() noexcept { return costs_; }
  const CostMeter& costs() const noexcept { return costs_; }

  axcl::Card& card() noexcept { return card_; }
  const model::Package& package() const noexcept { return *package_; }
  const model::LayerShapes& shapes() const noexcept { return stack_.shapes(); }
  /// The groups that prefill uses; PrefillStep::group counts them.
  const std::vector<model::PrefillGroup>& prefill_groups() const noexcept { return prefill_chain_.groups(); }
  KvSlots& slots() noexcept { return slots_; }
  const KvSlots& slots() const noexcept { return slots_; }
  std::shared_ptr<const text::Tokenizer> tokenizer() const noexcept {
    return {package_, &package_->tokenizer()};
  }
  std::size_t logit_count() const noexcept { return head_.logit_count(); }
  std::size_t vocabulary() const noexcept { return package_->vocabulary_size(); }
  std::uint64_t card_bytes() const noexcept;
  KvLayout kv_layout() const noexcept;
  void set_planner(PrefillPlanner planner) { planner_ = std::move(planner); }

 private:
  /// Layers under way, timed for the cost meter.
  struct Measurement {
    std::chrono::steady_clock::time_point begun;
    std::optional<std::size_t> group;  // of a chunk; none: a decode step
    std::size_t tokens = 1;
  };

  axcl::DeviceSpan run_rows(KvSlot& slot, std::size_t group, std::span<const text::TokenId> tokens);
  axcl::DeviceSpan run_chunk(KvSlot& slot, std::size_t group, std::span<const text::TokenId> tokens);
  void load_head_input(axcl::DeviceSpan hidden_states, std::size_t row);
  template <typename Work>
  void complete(Work&& work);
  void measure(const Measurement& measurement);
  void record(const Measurement& measurement);
  std::span<const base::Bf16> download_states(axcl::DeviceSpan states);
  std::span<const base::Bf16> whole_row(KvSlot& slot);

  axcl::Card& card_;
  std::shared_ptr<const model::Package> package_;
  CardQueue queue_;
  LayerStack stack_;
  Head head_;
  DecodeChain decode_chain_;
  PrefillChain prefill_chain_;
  CostMeter costs_;
  PrefillPlanner planner_;
  std::optional<CardEmbeddings> embeddings_;  // before the slots, which take what memory is left
  KvSlots slots_;
  bool speculates_;
  Speculation speculation_;
  axcl::DeviceSpan guessed_states_;  // hidden states of the chunk whose rows guess_logits() is asked for
  std::optional<Measurement> measured_;
  KvSlot* wants_logits_ = nullptr;  // when what is measured is done
  LogitsWanted wanted_;             // by wants_logits_
  bool top_checked_ = false;        // what the head says of its largest logits
  std::vector<base::Bf16> row_;     // of whole_row()
  std::size_t decode_steps_ = 0;
  axcl::DeviceSpan evaluated_states_;  // of the tokens of the last prefill()
  std::vector<base::Bf16> states_;     // downloaded last
  std::vector<float> norm_gain_;       // empty: not yet asked for
};

}  // namespace axllama::inference
