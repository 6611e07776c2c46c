#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "inference/kv_slots.h"
#include "inference/kv_tier.h"
#include "inference/model_runner.h"
#include "inference/sequence_runner.h"
#include "inference/tier_transfer.h"

namespace axllama::inference {

/// How a sequence uses what is cached.
struct SequencePlan {
  std::size_t pinned = 0;  // first tokens that other requests will share
  bool reuse = true;       // takes cached beginnings; false: evaluates every token
  bool keep = true;        // will be gone on with later, so that a tier may have it
};

/// A sequence in a KV slot of a ModelRunner. What `tokens` begin with is taken from the slot, from another
/// slot (copied card to card) or from a tier, whichever is cheapest; the rest is evaluated.
class CachedSequence final : public SequenceRunner {
 public:
  /// Takes a slot; throws Error (kResourceExhausted) when there is none. `tokens`: what prefill() will be
  /// asked for first. `tier` may be null, as may `draft`, which guesses. The runner must outlive the
  /// sequence.
  CachedSequence(ModelRunner& runner, std::shared_ptr<KvTier> tier, std::span<const text::TokenId> tokens,
                 const SequencePlan& plan, std::unique_ptr<DraftRunner> draft = nullptr);
  ~CachedSequence() override;
  CachedSequence(const CachedSequence&) = delete;
  CachedSequence& operator=(const CachedSequence&) = delete;

  bool submits(std::span<const text::TokenId> tokens) const override;
  bool prefill(std::span<const text::TokenId> tokens) override;
  bool waits() const override { return transfer_ && transfer_->waits(); }
  std::chrono::nanoseconds take_waited() noexcept override { return std::exchange(waited_, {}); }
  std::size_t reused() const noexcept override { return reused_; }
  void decode(text::TokenId token) override;
  void evaluate_logits(LogitsWanted wanted) override { runner_.evaluate_logits(slot_, wanted); }
  void wait() override;
  Logits logits() override { return runner_.logits(slot_); }
  void forget() noexcept override;
  GuessEvaluator* guesses() noexcept override { return &guesses_; }
  StateReader* states() noexcept override { return &states_; }
  /// How many of `tokens` the slot has, without the last one.
  std::size_t cached(std::span<const text::TokenId> tokens) const noexcept {
    return slot_.cache.common_prefix(tokens);
  }

 private:
  void abandon_work() noexcept;
  bool save_what_would_be_lost(std::size_t kept);
  bool fetch(std::span<const text::TokenId> tokens);
  bool load_pays(std::span<const text::TokenId> tokens, std::size_t count, double cost);
  void move_rows();

  /// Guesses in the same slot.
  class Guesses final : public GuessEvaluator {
   public:
    explicit Guesses(CachedSequence& sequence) : sequence_(sequence) {}
    std::size_t longest() const override;
    void evaluate(std::span<const text::TokenId> tokens) override;
    Logits logits(std::size_t row, LogitsWanted wanted) override;
    void keep(std::size_t count) override;
    SpeculationCosts costs() const override;
    Speculation& policy() noexcept override { return sequence_.runner_.speculation(); }
    DraftRunner* draft() noexcept override { return sequence_.draft_.get(); }

   private:
    std::optional<std::size_t> group() const;

    CachedSequence& sequence_;
    std::vector<text::TokenId> tokens_;  // evaluated last
  };

  /// Of the tokens evaluated last.
  class States final : public StateReader {
   public:
    explicit States(CachedSequence& sequence) : sequence_(sequence) {}
    std::span<const base::Bf16> evaluated() override;
    std::span<const base::Bf16> last() override { return sequence_.runner_.last_state(); }
    std::span<const float> norm_gain() override { return sequence_.runner_.norm_gain(); }

   private:
    CachedSequence& sequence_;
  };

  ModelRunner& runner_;
  std::shared_ptr<KvTier> tier_;
  SequencePlan plan_;
  KvSlot& slot_;
  std::unique_ptr<DraftRunner> draft_;      // null: nobody else guesses
  std::unique_ptr<TierTransfer> transfer_;  // in progress
  double patience_ = 0;                     // seconds that it may wait for a disk
  std::chrono::nanoseconds waited_{0};      // by transfers that are over, not taken yet
  bool at_work_ = false;                    // the card may be, for this sequence
  bool looked_at_old_ = false;              // what the slot held before is saved, or not worth it
  bool fetched_ = false;                    // there is nothing more to take from caches
  std::size_t reused_ = 0;
  bool evaluated_ = false;  // the last prefill() was an evaluation
  States states_{*this};
  Guesses guesses_{*this};
};

}  // namespace axllama::inference
