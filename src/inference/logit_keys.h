#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/bfloat16.h"

namespace axllama::inference {

/// bf16 logits as integers of the same order, so that a row can be searched 8 or 16 logits an instruction.
inline constexpr std::int16_t kLowestKey = std::numeric_limits<std::int16_t>::min();  // of no number
inline constexpr std::int16_t kLargestFiniteKey = 0x7F7F;
inline constexpr std::int16_t kMinusInfinityKey = static_cast<std::int16_t>(0xFF80U ^ 0x7FFFU);

/// -0 becomes +0. NaNs fall above +infinity or below -infinity.
constexpr std::int16_t order_key(base::Bf16 bits) noexcept {
  const auto word = static_cast<std::int16_t>(bits);
  const auto key = static_cast<std::int16_t>(word < 0 ? word ^ 0x7FFF : word);
  return key == -1 ? std::int16_t{0} : key;
}

}  // namespace axllama::inference
