#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bfloat16.h"
#include "inference/generation.h"
#include "inference/logits_selection.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// Least log probability that is reported: what stands for "impossible", since JSON has no infinity.
inline constexpr double kLeastLogprob = -9999.0;

/// Log probabilities of tokens under softmax(logits) of a whole row, before penalties, filters and
/// constraints. One thread at a time.
class LogProbabilities {
 public:
  /// `alternatives`: how many of the most probable tokens are told with each; negative counts as 0.
  LogProbabilities(std::shared_ptr<const text::Tokenizer> tokenizer, int alternatives);

  /// Of `token`, which must be in the row, and its alternatives, in order of choice; the token itself is
  /// among those where it ranks. Throws what LogitsSelection throws.
  TokenLogprob of(text::TokenId token, std::span<const base::Bf16> logits);

  /// log(sum(exp(logits))) in float64: one exponential for each distinct value, added from the smallest.
  double log_sum_exp(std::span<const base::Bf16> logits);

 private:
  TokenLogprob describe(text::TokenId token, double logit, double log_sum) const;

  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::size_t alternatives_;
  LogitsSelection selection_;
  std::vector<Candidate> best_;
  std::vector<std::uint32_t> counts_;  // of logits by their bits
};

}  // namespace axllama::inference
