#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "inference/guesser.h"

namespace axllama::inference {

/// Lets a draft model guess, where the sequence has one. It works for a guess in several turns of its
/// request, so that others take theirs in between: in each it reads one chunk of what it has missed, or takes
/// as many single steps as one chunk of the other model has time for. Nothing is verified in those turns.
class DraftGuesser final : public Guesser {
 public:
  /// At most `longest` tokens at once.
  explicit DraftGuesser(std::size_t longest) : longest_(longest) {}

  bool worth_trying(const GuessPlace& place) override;
  /// None, too, when the draft model has read for a few turns and is not there yet: an answer goes on
  /// meanwhile.
  std::optional<std::vector<text::TokenId>> guess(const GuessPlace& place) override;
  void tried(GuessEvaluator& evaluator, const GuessOutcome& outcome) override;
  void decoded(GuessEvaluator& evaluator) override;

 private:
  std::size_t longest_;
  std::size_t count_ = 0;    // tokens that are worth it
  std::size_t at_once_ = 1;  // single steps in a turn
  std::size_t reads_ = 0;    // turns of this guess after which there was more to read
  bool pausing_ = false;     // until a token is decoded
  double seconds_ = 0;       // of guessing this guess
};

}  // namespace axllama::inference
