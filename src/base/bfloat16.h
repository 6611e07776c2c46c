#pragma once

#include <bit>
#include <cstdint>

namespace axllama::base {

/// bfloat16 as the card stores it: the upper half of an IEEE binary32, kept as raw bits.
using Bf16 = std::uint16_t;

inline float bf16_to_f32(Bf16 bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

/// Round to nearest, ties to even; every NaN becomes a quiet NaN of the same sign.
inline Bf16 f32_to_bf16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) {
    return static_cast<Bf16>((bits >> 16U) | 0x0040U);
  }
  return static_cast<Bf16>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

}  // namespace axllama::base
