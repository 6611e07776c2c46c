#pragma once

#include <cstddef>
#include <span>

#include "base/bfloat16.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// What a generation needs of a loaded model: one token sequence in a KV cache, and the logits after its last
/// token. Owner thread only. Calls throw base::Error when the card fails; then only forget() makes sense.
class SequenceRunner {
 public:
  virtual ~SequenceRunner() = default;

  /// Keeps of the cached sequence what `prompt` begins with, but never all of `prompt`: its last token has to
  /// be evaluated for the logits. Returns how many tokens were kept.
  virtual std::size_t begin(std::span<const text::TokenId> prompt) = 0;
  /// Evaluates some of the tokens of `prompt` that are not cached yet in one engine call; true when all of
  /// them are.
  virtual bool prefill(std::span<const text::TokenId> prompt) = 0;
  /// Evaluates one token after the cached ones.
  virtual void decode(text::TokenId token) = 0;
  /// Logits after the last token evaluated by prefill() or decode(): [V] bf16, valid until the next call.
  virtual std::span<const base::Bf16> logits() = 0;
  /// Drops the cached sequence and does not trust its memory any more.
  virtual void forget() noexcept = 0;
};

}  // namespace axllama::inference
