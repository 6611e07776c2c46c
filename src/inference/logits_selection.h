#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bfloat16.h"
#include "text/constraint/constraint.h"
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

/// Whether a token is in a set; a set without words stands for every token.
constexpr bool allows(text::TokenSet allowed, std::size_t token) noexcept {
  return allowed.empty() || (token / 64 < allowed.size() && (allowed[token / 64] >> (token % 64) & 1U) != 0);
}

/// Throws base::Error (kDevice) when the largest logits of a row, in order of choice, tell that the card
/// computes garbage: there are none, or the first is no finite number.
void require_largest(std::span<const Candidate> largest);

/// Selection from a row of logits [V] bf16. Keeps scratch memory between calls; one thread at a time.
///
/// `allowed` names the tokens that may be chosen; without words, all may. Tokens that its words do not reach
/// may not. When every allowed logit is -infinity the one candidate is the allowed token of the lowest id.
///
/// Every function throws base::Error (kDevice) when the row holds a NaN or +infinity, or nothing above
/// -infinity: that is a card that computes garbage, and no choice from it would be honest. kInternal when
/// nothing is allowed.
class LogitsSelection {
 public:
  /// The largest logit; the lowest id among equals.
  Candidate best(std::span<const base::Bf16> logits, text::TokenSet allowed = {});

  /// The `count` first candidates in order of choice (fewer when there are no more), into `out`.
  void top(std::span<const base::Bf16> logits, std::size_t count, std::vector<Candidate>& out,
           text::TokenSet allowed = {});

  /// All candidates in order of choice, into `out`.
  void sorted(std::span<const base::Bf16> logits, std::vector<Candidate>& out, text::TokenSet allowed = {});

 private:
  void scan(std::span<const base::Bf16> logits, text::TokenSet allowed);
  void pad(text::TokenSet allowed, std::size_t logits);
  bool may(std::size_t token) const noexcept { return allows(allowed_, token); }

  std::vector<std::int16_t> block_maxima_;  // of the last scan, one per block of kLogitsBlock logits
  std::vector<std::uint64_t> allowed_;      // of the last scan, for whole blocks; empty: all
  std::vector<std::int16_t> order_statistic_;
  std::vector<std::uint32_t> offsets_;
  std::int16_t largest_ = 0;  // among the allowed
};

}  // namespace axllama::inference
