#include "inference/log_probabilities.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "inference/logit_keys.h"

namespace axllama::inference {
namespace {

constexpr std::size_t kKeys = 65536;
constexpr std::size_t kZeroKey = 32768;  // place of order key 0 among the counts

/// The value of an order key; the inverse of order_key but for -0.
double value_of(std::size_t place) noexcept {
  const auto key = static_cast<std::int16_t>(static_cast<int>(place) - static_cast<int>(kZeroKey));
  return base::bf16_to_f32(static_cast<base::Bf16>(key < 0 ? key ^ 0x7FFF : key));
}

}  // namespace

LogProbabilities::LogProbabilities(std::shared_ptr<const text::Tokenizer> tokenizer, int alternatives)
    : tokenizer_(std::move(tokenizer)), alternatives_(static_cast<std::size_t>(std::max(alternatives, 0))) {}

double LogProbabilities::log_sum_exp(std::span<const base::Bf16> logits) {
  const double largest = selection_.best(logits).logit;
  counts_.assign(kKeys, 0);
  for (const base::Bf16 bits : logits) {
    ++counts_[static_cast<std::size_t>(order_key(bits) + static_cast<int>(kZeroKey))];
  }
  double sum = 0;
  for (std::size_t place = 0; place < kKeys; ++place) {
    if (counts_[place] > 0) {
      sum += counts_[place] * std::exp(value_of(place) - largest);
    }
  }
  return largest + std::log(sum);
}

TokenLogprob LogProbabilities::describe(text::TokenId token, double logit, double log_sum) const {
  TokenLogprob result;
  result.token = token;
  result.bytes = tokenizer_->piece(token);
  result.logprob = std::max(logit - log_sum, kLeastLogprob);
  return result;
}

TokenLogprob LogProbabilities::of(text::TokenId token, std::span<const base::Bf16> logits) {
  const double log_sum = log_sum_exp(logits);
  TokenLogprob result = describe(token, base::bf16_to_f32(logits[static_cast<std::size_t>(token)]), log_sum);
  selection_.top(logits, alternatives_, best_);
  for (const Candidate& candidate : best_) {
    result.alternatives.push_back(describe(candidate.id, candidate.logit, log_sum));
  }
  return result;
}

}  // namespace axllama::inference
