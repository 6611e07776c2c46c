#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "text/constraint/constraint.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// Which tokens may come next in one answer. Before the text that the constraint begins after, everything but
/// an end of sequence, for an answer without its constrained part would not satisfy it. One thread at a time.
class AnswerConstraint {
 public:
  /// Without `constraint` everything is allowed always. `after`: see GenerationRequest::constraint_after.
  AnswerConstraint(std::shared_ptr<const text::Constraint> constraint, std::string after,
                   std::shared_ptr<const text::Tokenizer> tokenizer);

  /// The tokens that may come next; no words: any. Valid until the next call.
  text::TokenSet allowed();
  /// Goes on by a token of the answer that is no end of sequence. Throws Error (kInternal) when it was not
  /// allowed.
  void accept(text::TokenId token);
  /// Whether the answer is complete and nothing but an end of sequence may follow it.
  bool finished();

 private:
  std::shared_ptr<const text::Constraint> constraint_;  // outlives state_
  std::string after_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::vector<std::uint64_t> no_end_;             // while waiting for after_
  std::string tail_;                              // of the answer so far, as long as after_ could begin in it
  std::unique_ptr<text::ConstraintState> state_;  // once the constraint has begun
};

}  // namespace axllama::inference
