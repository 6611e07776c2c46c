#pragma once

#include "inference/drafter.h"
#include "inference/guesser.h"

namespace axllama::inference {

/// Guesses from what the sequence has said before.
class TextGuesser final : public Guesser {
 public:
  void accept(text::TokenId token) override { drafter_.accept(token); }
  bool worth_trying(const GuessPlace& place) override;
  std::optional<std::vector<text::TokenId>> guess(const GuessPlace& /*place*/) override {
    return draft_.tokens;
  }
  void tried(GuessEvaluator& evaluator, const GuessOutcome& outcome) override;
  void decoded(GuessEvaluator& evaluator) override { evaluator.policy().decoded(evaluator.costs()); }

 private:
  Drafter drafter_;
  Draft draft_;  // thought of last
};

}  // namespace axllama::inference
