#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bfloat16.h"

namespace axllama::inference {

inline constexpr std::size_t kLogitsBlock = 128;  // logits per block maximum: two words of a token set

/// The extremes of a row's order keys (see order_key), whatever is allowed.
struct KeyRange {
  std::int16_t least = 0;
  std::int16_t largest = 0;
};

/// One pass over `blocks` * kLogitsBlock logits: writes the largest order key among the allowed logits of
/// each block to `block_maxima`, kLowestKey where none is allowed. `allowed` is a token set of 2 * `blocks`
/// words; null: everything is allowed.
using ScanLogits = KeyRange (*)(const base::Bf16* logits, std::size_t blocks, const std::uint64_t* allowed,
                                std::int16_t* block_maxima);

/// A way to scan that this processor can run.
struct LogitsScanner {
  const char* name;  // "avx2", "sse2", "neon", "scalar"
  ScanLogits scan;
};

/// The fastest first, "scalar" last. All give the same results.
const std::vector<LogitsScanner>& logits_scanners();

/// The AVX2 scanner; null where the build is for another processor.
ScanLogits avx2_logits_scan() noexcept;

}  // namespace axllama::inference
