#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "text/tokenizer/tokenizer.h"

namespace axllama::text {

/// A set of tokens: token t is in it when bit t % 64 of word t / 64 is set. [ceil(V / 64)] words.
using TokenSet = std::span<const std::uint64_t>;

/// Where one answer stands in a constraint. One thread at a time.
class ConstraintState {
 public:
  virtual ~ConstraintState() = default;
  /// The tokens that may come next; never empty. End-of-sequence tokens are among them exactly when the
  /// answer so far is complete. Valid until the next call.
  virtual TokenSet allowed() = 0;
  /// Goes on by a token, which must be allowed. Throws Error (kInternal) else.
  virtual void accept(TokenId token) = 0;
  /// Whether the answer so far satisfies the constraint as it is.
  virtual bool complete() const = 0;
  /// An independent copy, so that a guess can be tried and given up.
  virtual std::unique_ptr<ConstraintState> clone() const = 0;
};

/// What an answer must look like, compiled for one vocabulary. Immutable and thread-safe.
class Constraint {
 public:
  virtual ~Constraint() = default;
  /// The state before the first token. Must not outlive the constraint.
  virtual std::unique_ptr<ConstraintState> start() const = 0;
};

}  // namespace axllama::text
