#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "inference/cached_sequence.h"
#include "inference/draft_policy.h"
#include "inference/logits_selection.h"
#include "inference/model_runner.h"
#include "inference/sequence_runner.h"

namespace axllama::inference {

/// A model that guesses tokens for another one on the same card, and what is known of its guesses. Both
/// runners must outlive it.
struct DraftModel {
  DraftModel(ModelRunner& guessing, const ModelRunner& guessed_for);

  ModelRunner& runner;
  std::size_t vocabulary;  // tokens that the other model has
  double share;            // about what a decode step costs, of the other model's, until it is measured
  DraftPolicy policy;
};

/// A draft model's side of a sequence. It takes a KV slot of its own when the first guess is wanted, and
/// follows from guess to guess. When there is no slot for it, or it computes garbage, it gives up; the
/// sequence goes on without.
class DraftSequence final : public DraftRunner {
 public:
  /// The model must outlive the sequence.
  explicit DraftSequence(DraftModel& model) : model_(model) {}

  std::size_t longest(std::span<const text::TokenId> tokens) const override;
  DraftCosts costs(std::span<const text::TokenId> tokens, double decode) const override;
  DraftCall advance(std::span<const text::TokenId> tokens, std::size_t count) override;
  std::vector<text::TokenId> take() override;
  void forget() noexcept override;
  DraftPolicy& policy() noexcept override { return model_.policy; }

 private:
  std::size_t cached(std::span<const text::TokenId> tokens) const;
  bool take_slot(std::span<const text::TokenId> tokens);
  bool can_read(std::span<const text::TokenId> tokens);
  DraftCall read(std::span<const text::TokenId> tokens);
  void guess_token();
  std::optional<text::TokenId> likeliest();
  void give_up(const char* why);

  DraftModel& model_;
  std::unique_ptr<CachedSequence> sequence_;  // null: not yet begun, or given up
  LogitsSelection selection_;
  std::vector<text::TokenId> guessed_;  // all but the last are read
  bool ended_ = false;                  // no token comes behind those
  bool given_up_ = false;
};

}  // namespace axllama::inference
