#pragma once

#include <cstddef>

#include "inference/guesser.h"

namespace axllama::inference {

/// Lets a draft model guess, where the sequence has one.
class DraftGuesser final : public Guesser {
 public:
  /// At most `longest` tokens at once.
  explicit DraftGuesser(std::size_t longest) : longest_(longest) {}

  bool worth_trying(const GuessPlace& place) override;
  /// None while the draft model still reads what it has missed, which goes a few calls a time.
  std::vector<text::TokenId> guess(const GuessPlace& place) override;
  void tried(GuessEvaluator& evaluator, const GuessOutcome& outcome) override;
  void decoded(GuessEvaluator& evaluator) override;

 private:
  std::size_t longest_;
  std::size_t count_ = 0;  // tokens that are worth it
  double seconds_ = 0;     // of the last guess
};

}  // namespace axllama::inference
