#pragma once

// 16 lanes of f32 or i32 in plain C++, for processors without a faster set and as the meaning of the others.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define AXLLAMA_INLINE inline

namespace axllama::softcard {
namespace {

struct F32x16 {
  float v[16];
};
struct I32x16 {
  std::int32_t v[16];
};

constexpr std::size_t kTilePanels = 1;   // panels of 16 columns kept in registers by the tile kernel
constexpr std::size_t kTileRows = 2;     // rows of x beside them
constexpr std::size_t kDotRows = 2;      // the same for the integer kernel, which has two sums of each
constexpr std::size_t kWideDotRows = 2;  // the same with one sum of each

template <typename Function>
AXLLAMA_INLINE F32x16 each_f32(Function function) {
  F32x16 result;
  for (std::size_t i = 0; i < 16; ++i) result.v[i] = function(i);
  return result;
}
template <typename Function>
AXLLAMA_INLINE I32x16 each_i32(Function function) {
  I32x16 result;
  for (std::size_t i = 0; i < 16; ++i) result.v[i] = function(i);
  return result;
}

AXLLAMA_INLINE F32x16 splat(float x) {
  return each_f32([&](std::size_t) { return x; });
}
AXLLAMA_INLINE F32x16 load(const float* p) {
  F32x16 result;
  std::memcpy(result.v, p, sizeof(result.v));
  return result;
}
AXLLAMA_INLINE void store(float* p, F32x16 a) {
  std::memcpy(p, a.v, sizeof(a.v));
}
AXLLAMA_INLINE I32x16 load_i32(const void* p) {
  I32x16 result;
  std::memcpy(result.v, p, sizeof(result.v));
  return result;
}
AXLLAMA_INLINE F32x16 add(F32x16 a, F32x16 b) {
  return each_f32([&](std::size_t i) { return a.v[i] + b.v[i]; });
}
AXLLAMA_INLINE F32x16 sub(F32x16 a, F32x16 b) {
  return each_f32([&](std::size_t i) { return a.v[i] - b.v[i]; });
}
AXLLAMA_INLINE F32x16 mul(F32x16 a, F32x16 b) {
  return each_f32([&](std::size_t i) { return a.v[i] * b.v[i]; });
}
AXLLAMA_INLINE F32x16 div(F32x16 a, F32x16 b) {
  return each_f32([&](std::size_t i) { return a.v[i] / b.v[i]; });
}
/// a * b + c, rounded once.
AXLLAMA_INLINE F32x16 fma(F32x16 a, F32x16 b, F32x16 c) {
  return each_f32([&](std::size_t i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
}
/// c - a * b, rounded once.
AXLLAMA_INLINE F32x16 fnma(F32x16 a, F32x16 b, F32x16 c) {
  return each_f32([&](std::size_t i) { return std::fma(-a.v[i], b.v[i], c.v[i]); });
}
/// The larger; x where either is NaN.
AXLLAMA_INLINE F32x16 max_or_second(F32x16 a, F32x16 x) {
  return each_f32([&](std::size_t i) { return a.v[i] > x.v[i] ? a.v[i] : x.v[i]; });
}
/// The smaller; x where either is NaN.
AXLLAMA_INLINE F32x16 min_or_second(F32x16 a, F32x16 x) {
  return each_f32([&](std::size_t i) { return a.v[i] < x.v[i] ? a.v[i] : x.v[i]; });
}
/// 0 where a < b, else x.
AXLLAMA_INLINE F32x16 zero_where_less(F32x16 a, F32x16 b, F32x16 x) {
  return each_f32([&](std::size_t i) { return a.v[i] < b.v[i] ? 0.0F : x.v[i]; });
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_left(I32x16 a) {
  return each_i32([&](std::size_t i) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) << static_cast<unsigned>(kBits));
  });
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_right_signed(I32x16 a) {
  return each_i32([&](std::size_t i) { return a.v[i] >> kBits; });
}
AXLLAMA_INLINE I32x16 bit_and(I32x16 a, std::int32_t mask) {
  return each_i32([&](std::size_t i) { return a.v[i] & mask; });
}
AXLLAMA_INLINE I32x16 add(I32x16 a, std::int32_t b) {
  return each_i32([&](std::size_t i) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) + static_cast<std::uint32_t>(b));
  });
}
AXLLAMA_INLINE F32x16 to_f32(I32x16 a) {
  return each_f32([&](std::size_t i) { return static_cast<float>(a.v[i]); });
}
/// Round to nearest even; values outside the range of int32 (and NaN) give any value.
AXLLAMA_INLINE I32x16 round_to_i32(F32x16 a) {
  return each_i32([&](std::size_t i) {
    const float rounded = std::nearbyint(a.v[i]);
    return std::fabs(rounded) < 2147483648.0F ? static_cast<std::int32_t>(rounded) : 0;
  });
}
AXLLAMA_INLINE F32x16 as_f32(I32x16 a) {
  return each_f32([&](std::size_t i) { return std::bit_cast<float>(a.v[i]); });
}
AXLLAMA_INLINE F32x16 load_bf16(const std::uint16_t* p) {
  return each_f32(
      [&](std::size_t i) { return std::bit_cast<float>(static_cast<std::uint32_t>(p[i]) << 16U); });
}
AXLLAMA_INLINE void store_bf16(std::uint16_t* p, F32x16 a) {
  for (std::size_t i = 0; i < 16; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(a.v[i]);
    const bool nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
    const std::uint32_t rounded = nan ? bits | 0x400000U : bits + 0x7FFFU + ((bits >> 16U) & 1U);
    p[i] = static_cast<std::uint16_t>(rounded >> 16U);
  }
}
AXLLAMA_INLINE void store_i32(void* p, I32x16 a) {
  std::memcpy(p, a.v, sizeof(a.v));
}
AXLLAMA_INLINE I32x16 splat_word(std::int32_t x) {
  return each_i32([&](std::size_t) { return x; });
}
AXLLAMA_INLINE I32x16 bit_xor(I32x16 a, std::int32_t mask) {
  return each_i32([&](std::size_t i) { return a.v[i] ^ mask; });
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_right(I32x16 a) {
  return each_i32([&](std::size_t i) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) >> static_cast<unsigned>(kBits));
  });
}
/// IEEE binary16 to f32, exactly; infinities and NaN included.
AXLLAMA_INLINE float f16_to_f32(std::uint32_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t magnitude = half & 0x7FFFU;
  if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (magnitude & 0x3FFU) << 13U);
  // Moves the exponent by multiplying with 2^112, which is exact for subnormal halves too.
  const float scaled = std::bit_cast<float>(magnitude << 13U) * std::bit_cast<float>(0x77800000U);
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(scaled));
}
AXLLAMA_INLINE F32x16 load_f16(const void* p) {
  std::uint16_t halves[16];
  std::memcpy(halves, p, sizeof(halves));
  return each_f32([&](std::size_t i) { return f16_to_f32(halves[i]); });
}
AXLLAMA_INLINE I32x16 as_i32(F32x16 a) {
  return each_i32([&](std::size_t i) { return std::bit_cast<std::int32_t>(a.v[i]); });
}
AXLLAMA_INLINE I32x16 larger(I32x16 a, I32x16 b) {
  return each_i32([&](std::size_t i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
AXLLAMA_INLINE std::int32_t largest_lane(I32x16 a) {
  std::int32_t top = a.v[0];
  for (const std::int32_t value : a.v) top = value > top ? value : top;
  return top;
}
/// Stores the sums of the lanes of each.
AXLLAMA_INLINE void store_sums(std::int32_t* p, I32x16 a, I32x16 b, I32x16 c, I32x16 d) {
  const I32x16* all[4] = {&a, &b, &c, &d};
  for (std::size_t i = 0; i < 4; ++i) {
    std::int64_t sum = 0;  // NaN as an integer may be any word
    for (const std::int32_t value : all[i]->v) sum += value;
    p[i] = static_cast<std::int32_t>(sum);
  }
}
AXLLAMA_INLINE void store_s8(std::int8_t* p, I32x16 a) {
  for (std::size_t i = 0; i < 16; ++i) p[i] = static_cast<std::int8_t>(a.v[i]);
}
AXLLAMA_INLINE I32x16 add_i32(I32x16 a, I32x16 b) {
  return each_i32([&](std::size_t i) { return a.v[i] + b.v[i]; });
}
AXLLAMA_INLINE I32x16 pinned(I32x16 a) {
  return a;
}
AXLLAMA_INLINE I32x16 bit_or(I32x16 a, I32x16 b) {
  return each_i32([&](std::size_t i) { return a.v[i] | b.v[i]; });
}
AXLLAMA_INLINE I32x16 load_u8(const std::uint8_t* p) {
  return each_i32([&](std::size_t i) { return static_cast<std::int32_t>(p[i]); });
}
AXLLAMA_INLINE I32x16 load_s8(const std::uint8_t* p) {
  return each_i32([&](std::size_t i) { return static_cast<std::int32_t>(static_cast<std::int8_t>(p[i])); });
}
/// The f16 in the low half of each lane.
AXLLAMA_INLINE F32x16 low_half_to_f32(I32x16 a) {
  return each_f32([&](std::size_t i) { return f16_to_f32(static_cast<std::uint32_t>(a.v[i]) & 0xFFFFU); });
}
/// Adds to each lane the four products of its bytes: weights, s8 when kSigned, else 0..63, times x in
/// -127..127.
constexpr std::int32_t kS8WordOffset = 0;
AXLLAMA_INLINE std::int32_t byte_of(std::int32_t word, unsigned index) {
  return static_cast<std::int8_t>(static_cast<std::uint32_t>(word) >> (8 * index));
}
template <bool kSigned>
AXLLAMA_INLINE I32x16 dot(I32x16 sum, I32x16 weights, I32x16 x) {
  return each_i32([&](std::size_t i) {
    std::int32_t total = sum.v[i];
    for (unsigned j = 0; j < 4; ++j) total += byte_of(weights.v[i], j) * byte_of(x.v[i], j);
    return total;
  });
}

constexpr bool kHasPairedDot = false;  // no paired_dot

/// Transposes the 16 x 16 matrix whose rows are r[0..15].
AXLLAMA_INLINE void transpose(I32x16 (&r)[16]) {
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const std::int32_t kept = r[i].v[j];
      r[i].v[j] = r[j].v[i];
      r[j].v[i] = kept;
    }
  }
}

}  // namespace
}  // namespace axllama::softcard
