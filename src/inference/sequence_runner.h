#pragma once

#include <cstddef>
#include <span>

#include "base/bfloat16.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// What a generation needs of a loaded model: one token sequence with a KV slot of its own, given back when
/// the object goes, and the logits after its last token. Owner thread only. Calls throw base::Error when the
/// card fails; then only forget() makes sense.
class SequenceRunner {
 public:
  virtual ~SequenceRunner() = default;

  /// Makes one engine call that brings the sequence nearer to `tokens` (not empty): evaluates some that are
  /// not cached yet, or fetches cached ones from elsewhere. True when all are there and the last one has been
  /// evaluated. What the sequence has beyond the common beginning is dropped.
  virtual bool prefill(std::span<const text::TokenId> tokens) = 0;
  /// How many tokens of the last prefill were taken from a cache instead of being evaluated.
  virtual std::size_t reused() const noexcept = 0;
  /// Evaluates one token after the cached ones.
  virtual void decode(text::TokenId token) = 0;
  /// Logits after the last token evaluated by prefill() or decode(): [V] bf16, valid until the next call of
  /// any sequence of the model.
  virtual std::span<const base::Bf16> logits() = 0;
  /// Drops the cached sequence and does not trust its memory any more.
  virtual void forget() noexcept = 0;
};

}  // namespace axllama::inference
