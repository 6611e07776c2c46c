#include "inference/log_probabilities.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

namespace axllama::inference {
namespace {

constexpr std::size_t kPatterns = 65536;  // of a bf16's bits
constexpr std::size_t kSignBit = 32768;

/// Logits this far below the largest are together less than half a unit in the last place of the sum, which
/// is at least 1: exp(-50) is 2e-22, and half a million of them 1e-16.
constexpr double kNegligible = 50;

/// Adds to `counts` [kPatterns] how often each pattern of bits is in the row. The patterns are counted as
/// they are, as putting them in order costs a branch on the sign that is guessed wrong every other time, and
/// are loaded four at a time.
void count_patterns(std::span<const base::Bf16> logits, std::uint32_t* counts) noexcept {
  constexpr std::size_t kAtOnce = sizeof(std::uint64_t) / sizeof(base::Bf16);
  std::size_t i = 0;
  for (; i + kAtOnce <= logits.size(); i += kAtOnce) {
    std::uint64_t four = 0;
    std::memcpy(&four, logits.data() + i, sizeof four);
    ++counts[four & 0xFFFFU];
    ++counts[four >> 16U & 0xFFFFU];
    ++counts[four >> 32U & 0xFFFFU];
    ++counts[four >> 48U];
  }
  for (; i < logits.size(); ++i) {
    ++counts[static_cast<std::uint16_t>(logits[i])];
  }
}

}  // namespace

LogProbabilities::LogProbabilities(std::shared_ptr<const text::Tokenizer> tokenizer, int alternatives)
    : tokenizer_(std::move(tokenizer)), alternatives_(static_cast<std::size_t>(std::max(alternatives, 0))) {}

double LogProbabilities::log_sum_exp(std::span<const base::Bf16> logits) {
  const double largest = selection_.best(logits).logit;
  counts_.assign(kPatterns, 0);
  count_patterns(logits, counts_.data());
  double sum = 0;
  const auto add = [&](std::size_t pattern) {
    if (counts_[pattern] > 0) {
      const double below = base::bf16_to_f32(static_cast<base::Bf16>(pattern)) - largest;
      sum += below > -kNegligible ? counts_[pattern] * std::exp(below) : 0;
    }
  };
  for (std::size_t negative = kPatterns; negative-- > kSignBit;) {
    add(negative);
  }
  for (std::size_t positive = 0; positive < kSignBit; ++positive) {
    add(positive);
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
