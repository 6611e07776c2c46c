#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "inference/draft_policy.h"
#include "inference/logits.h"
#include "inference/speculation.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// What an engine call of a draft model was.
struct DraftCall {
  std::size_t tokens = 0;  // read, or guessed; several: a chunk, or fetched; 0: nothing was left to do
  bool reading = false;    // there is more to read before it guesses
};

/// A second, smaller model that follows a sequence and guesses how it goes on. Nothing depends on its guesses
/// but speed. Owner thread only; throws as SequenceRunner does.
class DraftRunner {
 public:
  virtual ~DraftRunner() = default;

  /// How many tokens it can guess behind `tokens`; 0: its context is too short, or it cannot at all.
  virtual std::size_t longest(std::span<const text::TokenId> tokens) const = 0;
  /// Of guesses behind `tokens`. `decode`: seconds of a decode step of the model that it guesses for, which
  /// stands in for what has not been measured.
  virtual DraftCosts costs(std::span<const text::TokenId> tokens, double decode) const = 0;
  /// Makes one engine call, and waits for it, towards a guess of `count` > 0 tokens behind `tokens` (not
  /// empty): reads some of what it has missed and drops what came otherwise, or guesses a token more. In
  /// between other sequences of the card may be used.
  virtual DraftCall advance(std::span<const text::TokenId> tokens, std::size_t count) = 0;
  /// The guess, when advance() has nothing left to do: the tokens that it takes for the likeliest, one after
  /// the other; fewer where it guesses the end, or tokens that only it has. advance() then begins another.
  virtual std::vector<text::TokenId> take() = 0;
  /// Drops what it has and does not trust its memory any more.
  virtual void forget() noexcept = 0;
  /// What decides about its guesses, for all sequences of the model.
  virtual DraftPolicy& policy() noexcept = 0;
};

/// Evaluates guessed tokens of a sequence, all in one chunk; each call waits for the card. From evaluate() to
/// keep() no other sequence of the card may be used. Owner thread only; throws as SequenceRunner does.
class GuessEvaluator {
 public:
  virtual ~GuessEvaluator() = default;

  /// How many tokens evaluate() can take now; 0: there is no room, or no chunk for so long a sequence.
  virtual std::size_t longest() const = 0;
  /// Evaluates `tokens` behind the cached ones; they are not cached before keep().
  virtual void evaluate(std::span<const text::TokenId> tokens) = 0;
  /// Logits after token `row` of the last evaluate(), valid until the next call of this sequence.
  virtual Logits logits(std::size_t row, LogitsWanted wanted) = 0;
  /// The first `count` tokens of the last evaluate() are cached from now on; the others never were.
  virtual void keep(std::size_t count) = 0;

  /// Of a decode step and of the chunk that evaluate() would use now.
  virtual SpeculationCosts costs() const = 0;
  /// What decides about guesses from what was said before, for all sequences of the model.
  virtual Speculation& policy() noexcept = 0;
  /// Null where no second model guesses.
  virtual DraftRunner* draft() noexcept { return nullptr; }
};

/// Hidden states of a sequence's tokens, as they leave the last layer. Owner thread only; throws as
/// SequenceRunner does.
class StateReader {
 public:
  virtual ~StateReader() = default;

  /// Of the tokens that the last prefill() call has evaluated, in order: [tokens, hidden] bf16, empty when it
  /// only fetched cached ones. Valid until the next call of any sequence.
  virtual std::span<const base::Bf16> evaluated() = 0;
  /// Of the last token of the prompt, when prefill() has just returned true: [hidden] bf16, as long valid.
  virtual std::span<const base::Bf16> last() = 0;
  /// The final norm's gain, [hidden], valid as long as the sequence. Finding it out overwrites the states on
  /// the card: those wanted must have been read.
  virtual std::span<const float> norm_gain() = 0;
};

/// What a generation needs of a loaded model: one token sequence with a KV slot of its own, given back when
/// the object goes, and the logits after its last token. Owner thread only. Calls throw base::Error when the
/// card fails; then only forget() makes sense.
///
/// prefill(), decode() and evaluate_logits() may return before the card is done; wait() returns then. In
/// between no other sequence of the card may be used.
class SequenceRunner {
 public:
  virtual ~SequenceRunner() = default;

  /// Whether the next prefill() of these tokens, or decode() of the last of them, only hands work to the
  /// card.
  virtual bool submits(std::span<const text::TokenId> /*tokens*/) const { return false; }

  /// Makes one engine call that brings the sequence nearer to `tokens` (not empty): evaluates some that are
  /// not cached yet, or fetches cached ones from elsewhere. True when all are there and the last one has been
  /// evaluated. What the sequence has beyond the common beginning is dropped.
  virtual bool prefill(std::span<const text::TokenId> tokens) = 0;
  /// Whether the next prefill() would do nothing: it fetches rows that are still being read from a disk.
  virtual bool waits() const { return false; }
  /// Time that has passed between two calls of prefill() because of that; counted once.
  virtual std::chrono::nanoseconds take_waited() noexcept { return std::chrono::nanoseconds{0}; }
  /// How many tokens of the last prefill were taken from a cache instead of being evaluated.
  virtual std::size_t reused() const noexcept = 0;
  /// Evaluates one token after the cached ones.
  virtual void decode(text::TokenId token) = 0;
  /// Asks for the logits after the last token of prefill() or decode().
  virtual void evaluate_logits(LogitsWanted /*wanted*/) {}
  virtual void wait() {}
  /// What evaluate_logits() brought, after wait(); valid until the next call of this sequence.
  virtual Logits logits() = 0;
  /// Drops the cached sequence and does not trust its memory any more.
  virtual void forget() noexcept = 0;
  /// Null where guesses cannot be evaluated, or shall not be.
  virtual GuessEvaluator* guesses() noexcept { return nullptr; }
  /// Null where hidden states cannot be read.
  virtual StateReader* states() noexcept { return nullptr; }
};

}  // namespace axllama::inference
