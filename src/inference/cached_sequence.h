#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "inference/kv_slots.h"
#include "inference/kv_tier.h"
#include "inference/model_runner.h"
#include "inference/sequence_runner.h"
#include "inference/tier_transfer.h"

namespace axllama::inference {

/// A sequence in a KV slot of a ModelRunner. What `tokens` begin with is taken from the slot, from another
/// slot (copied card to card) or from a tier, whichever is cheapest; the rest is evaluated.
class CachedSequence final : public SequenceRunner {
 public:
  /// Takes a slot; throws Error (kResourceExhausted) when there is none. `tokens`: what prefill() will be
  /// asked for first; `pinned` of them will be shared by other requests. `tier` may be null. The runner must
  /// outlive the sequence.
  CachedSequence(ModelRunner& runner, std::shared_ptr<KvTier> tier, std::span<const text::TokenId> tokens,
                 std::size_t pinned);
  ~CachedSequence() override;
  CachedSequence(const CachedSequence&) = delete;
  CachedSequence& operator=(const CachedSequence&) = delete;

  bool submits(std::span<const text::TokenId> tokens) const override;
  bool prefill(std::span<const text::TokenId> tokens) override;
  std::size_t reused() const noexcept override { return reused_; }
  void decode(text::TokenId token) override;
  void evaluate_logits() override { runner_.evaluate_logits(slot_); }
  void wait() override;
  std::span<const base::Bf16> logits() override { return runner_.logits(slot_); }
  void forget() noexcept override;
  GuessEvaluator* guesses() noexcept override { return &guesses_; }

 private:
  void abandon_work() noexcept;
  bool save_what_would_be_lost(std::size_t kept);
  bool fetch(std::span<const text::TokenId> tokens);

  /// Guesses in the same slot.
  class Guesses final : public GuessEvaluator {
   public:
    explicit Guesses(CachedSequence& sequence) : sequence_(sequence) {}
    std::size_t longest() const override;
    void evaluate(std::span<const text::TokenId> tokens) override;
    std::span<const base::Bf16> logits(std::size_t row) override;
    void keep(std::size_t count) override;
    SpeculationCosts costs() const override;
    Speculation& policy() noexcept override { return sequence_.runner_.speculation(); }

   private:
    std::optional<std::size_t> group() const;

    CachedSequence& sequence_;
    std::vector<text::TokenId> tokens_;  // evaluated last
  };

  ModelRunner& runner_;
  std::shared_ptr<KvTier> tier_;
  std::size_t pinned_;
  KvSlot& slot_;
  std::unique_ptr<TierTransfer> transfer_;  // in progress
  bool at_work_ = false;                    // the card may be, for this sequence
  bool looked_at_old_ = false;              // what the slot held before is saved, or not worth it
  bool fetched_ = false;                    // there is nothing more to take from caches
  std::size_t reused_ = 0;
  Guesses guesses_{*this};
};

}  // namespace axllama::inference
