#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "inference/answer_account.h"
#include "inference/sequence_runner.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// A place in a sequence where its next tokens may be guessed.
struct GuessPlace {
  GuessEvaluator& evaluator;
  std::span<const text::TokenId> tokens;  // of the sequence; the last one is not evaluated yet
  std::size_t longest = 0;                // tokens of a guess that can be evaluated
  std::size_t rest = 0;                   // tokens that the answer may still have
  const AnswerAccount& account;           // of the answer
};

/// What came of a guess that was evaluated.
struct GuessOutcome {
  std::size_t guessed = 0;   // tokens
  std::size_t accepted = 0;  // of these, the first that came true
  bool ended = false;        // the answer, so that the others never were to come true
  double seconds = 0;        // of the chunk that evaluated them
  SpeculationCosts costs;    // before
};

/// Guesses the next tokens of one sequence, and decides whether that is worth the time. Owner thread only.
class Guesser {
 public:
  virtual ~Guesser() = default;

  /// The sequence goes on by a token of the prompt or of the answer.
  virtual void accept(text::TokenId /*token*/) {}
  /// Whether a guess is worth a try here. Asks nothing of the card.
  virtual bool worth_trying(const GuessPlace& place) = 0;
  /// The guess that worth_trying() has found worth it, at most `longest` tokens; none where it comes to
  /// nothing. Unset: the card was kept at work for it, for no longer than a chunk takes, and the request's
  /// next turn is to ask again, at the same place. Throws as SequenceRunner does.
  virtual std::optional<std::vector<text::TokenId>> guess(const GuessPlace& place) = 0;
  /// What came of that.
  virtual void tried(GuessEvaluator& evaluator, const GuessOutcome& outcome) = 0;
  /// A token was decoded without a guess.
  virtual void decoded(GuessEvaluator& evaluator) = 0;
};

}  // namespace axllama::inference
