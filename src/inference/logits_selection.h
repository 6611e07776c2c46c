#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bfloat16.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// A token that may be chosen next.
struct Candidate {
  float logit = 0;
  text::TokenId id = 0;
};

/// The order of choice: larger logits first, lower ids first among equals (-0 and +0 are equal).
constexpr bool precedes(const Candidate& a, const Candidate& b) noexcept {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

/// Selection from a row of logits [V] bf16. Keeps scratch memory between calls; one thread at a time.
///
/// Every function throws base::Error (kDevice) when the row holds a NaN or +infinity, or nothing above
/// -infinity: that is a card that computes garbage, and no choice from it would be honest.
class LogitsSelection {
 public:
  /// The largest logit; the lowest id among equals.
  Candidate best(std::span<const base::Bf16> logits);

  /// The `count` first candidates in order of choice (fewer when V is smaller), into `out`.
  void top(std::span<const base::Bf16> logits, std::size_t count, std::vector<Candidate>& out);

  /// All candidates in order of choice, into `out`.
  void sorted(std::span<const base::Bf16> logits, std::vector<Candidate>& out);

 private:
  void scan(std::span<const base::Bf16> logits);

  std::vector<std::int16_t> block_maxima_;  // of the last scan, one per block of kBlock logits
  std::vector<std::int16_t> order_statistic_;
  std::vector<std::uint32_t> offsets_;
  std::int16_t largest_ = 0;
};

}  // namespace axllama::inference
