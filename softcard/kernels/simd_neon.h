#pragma once

// 16 lanes of f32 or i32 as four NEON registers. Included by translation units that are compiled for one
// target each; the unnamed namespace keeps their code from being merged with another target's.

#include <cstddef>
#include <cstdint>

#include <arm_neon.h>

#define AXLLAMA_INLINE inline __attribute__((always_inline))

namespace axllama::softcard {
namespace {

struct F32x16 {
  float32x4_t v[4];
};
struct I32x16 {
  int32x4_t v[4];
};

constexpr std::size_t kTilePanels = 1;  // panels of 16 columns kept in registers by the tile kernel
constexpr std::size_t kTileRows = 6;    // rows of x beside them
#if defined(__ARM_FEATURE_MATMUL_INT8)
constexpr std::size_t kDotRows = 4;  // the same for the integer kernel, which has two sums of each
#else
constexpr std::size_t kDotRows = 3;
#endif
constexpr std::size_t kWideDotRows = 6;  // the same with one sum of each

#define AXLLAMA_EACH(expression) \
  {                              \
    {                            \
      [&] {                      \
        constexpr int i = 0;     \
        return expression;       \
      }(),                       \
          [&] {                  \
            constexpr int i = 1; \
            return expression;   \
          }(),                   \
          [&] {                  \
            constexpr int i = 2; \
            return expression;   \
          }(),                   \
          [&] {                  \
            constexpr int i = 3; \
            return expression;   \
          }()                    \
    }                            \
  }

AXLLAMA_INLINE F32x16 splat(float x) {
  const float32x4_t v = vdupq_n_f32(x);
  return {{v, v, v, v}};
}
AXLLAMA_INLINE F32x16 load(const float* p) {
  return {{vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)}};
}
AXLLAMA_INLINE void store(float* p, F32x16 a) {
  for (int i = 0; i < 4; ++i) vst1q_f32(p + 4 * i, a.v[i]);
}
AXLLAMA_INLINE I32x16 load_i32(const void* p) {
  const auto* b = static_cast<const std::int8_t*>(p);
  return {{vreinterpretq_s32_s8(vld1q_s8(b)), vreinterpretq_s32_s8(vld1q_s8(b + 16)),
           vreinterpretq_s32_s8(vld1q_s8(b + 32)), vreinterpretq_s32_s8(vld1q_s8(b + 48))}};
}
AXLLAMA_INLINE F32x16 add(F32x16 a, F32x16 b) {
  return AXLLAMA_EACH(vaddq_f32(a.v[i], b.v[i]));
}
AXLLAMA_INLINE F32x16 sub(F32x16 a, F32x16 b) {
  return AXLLAMA_EACH(vsubq_f32(a.v[i], b.v[i]));
}
AXLLAMA_INLINE F32x16 mul(F32x16 a, F32x16 b) {
  return AXLLAMA_EACH(vmulq_f32(a.v[i], b.v[i]));
}
AXLLAMA_INLINE F32x16 div(F32x16 a, F32x16 b) {
  return AXLLAMA_EACH(vdivq_f32(a.v[i], b.v[i]));
}
/// a * b + c, rounded once.
AXLLAMA_INLINE F32x16 fma(F32x16 a, F32x16 b, F32x16 c) {
  return AXLLAMA_EACH(vfmaq_f32(c.v[i], a.v[i], b.v[i]));
}
/// c - a * b, rounded once.
AXLLAMA_INLINE F32x16 fnma(F32x16 a, F32x16 b, F32x16 c) {
  return AXLLAMA_EACH(vfmsq_f32(c.v[i], a.v[i], b.v[i]));
}
/// The larger; x where either is NaN.
AXLLAMA_INLINE F32x16 max_or_second(F32x16 a, F32x16 x) {
  return AXLLAMA_EACH(vbslq_f32(vcgtq_f32(a.v[i], x.v[i]), a.v[i], x.v[i]));
}
/// The smaller; x where either is NaN.
AXLLAMA_INLINE F32x16 min_or_second(F32x16 a, F32x16 x) {
  return AXLLAMA_EACH(vbslq_f32(vcltq_f32(a.v[i], x.v[i]), a.v[i], x.v[i]));
}
/// 0 where a < b, else x.
AXLLAMA_INLINE F32x16 zero_where_less(F32x16 a, F32x16 b, F32x16 x) {
  return AXLLAMA_EACH(
      vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(x.v[i]), vcltq_f32(a.v[i], b.v[i]))));
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_left(I32x16 a) {
  return AXLLAMA_EACH(vshlq_n_s32(a.v[i], kBits));
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_right_signed(I32x16 a) {
  return AXLLAMA_EACH(vshrq_n_s32(a.v[i], kBits));
}
AXLLAMA_INLINE I32x16 bit_and(I32x16 a, std::int32_t mask) {
  return AXLLAMA_EACH(vandq_s32(a.v[i], vdupq_n_s32(mask)));
}
AXLLAMA_INLINE I32x16 add(I32x16 a, std::int32_t b) {
  return AXLLAMA_EACH(vaddq_s32(a.v[i], vdupq_n_s32(b)));
}
AXLLAMA_INLINE F32x16 to_f32(I32x16 a) {
  return AXLLAMA_EACH(vcvtq_f32_s32(a.v[i]));
}
AXLLAMA_INLINE I32x16 round_to_i32(F32x16 a) {
  return AXLLAMA_EACH(vcvtnq_s32_f32(a.v[i]));
}
AXLLAMA_INLINE F32x16 as_f32(I32x16 a) {
  return AXLLAMA_EACH(vreinterpretq_f32_s32(a.v[i]));
}
AXLLAMA_INLINE F32x16 load_bf16(const std::uint16_t* p) {
  return AXLLAMA_EACH(vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p + 4 * i), 16)));
}
AXLLAMA_INLINE uint16x4_t bf16_bits(float32x4_t a) {
  const uint32x4_t bits = vreinterpretq_u32_f32(a);
  const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  const uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7FFF)));
  const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
  return vshrn_n_u32(vbslq_u32(vceqq_f32(a, a), rounded, quiet), 16);
}
AXLLAMA_INLINE void store_bf16(std::uint16_t* p, F32x16 a) {
  for (int i = 0; i < 4; ++i) vst1_u16(p + 4 * i, bf16_bits(a.v[i]));
}

AXLLAMA_INLINE void store_i32(void* p, I32x16 a) {
  for (int i = 0; i < 4; ++i) vst1q_s32(static_cast<std::int32_t*>(p) + 4 * i, a.v[i]);
}
AXLLAMA_INLINE I32x16 splat_word(std::int32_t x) {
  const int32x4_t v = vdupq_n_s32(x);
  return {{v, v, v, v}};
}
AXLLAMA_INLINE I32x16 bit_xor(I32x16 a, std::int32_t mask) {
  return AXLLAMA_EACH(veorq_s32(a.v[i], vdupq_n_s32(mask)));
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_right(I32x16 a) {
  return AXLLAMA_EACH(vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(a.v[i]), kBits)));
}
AXLLAMA_INLINE F32x16 load_f16(const void* p) {
  const auto* h = static_cast<const std::uint16_t*>(p);
  return AXLLAMA_EACH(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(h + 4 * i))));
}
AXLLAMA_INLINE I32x16 as_i32(F32x16 a) {
  return AXLLAMA_EACH(vreinterpretq_s32_f32(a.v[i]));
}
AXLLAMA_INLINE I32x16 larger(I32x16 a, I32x16 b) {
  return AXLLAMA_EACH(vmaxq_s32(a.v[i], b.v[i]));
}
AXLLAMA_INLINE std::int32_t largest_lane(I32x16 a) {
  return vmaxvq_s32(vmaxq_s32(vmaxq_s32(a.v[0], a.v[1]), vmaxq_s32(a.v[2], a.v[3])));
}
/// Stores the sums of the lanes of each.
AXLLAMA_INLINE void store_sums(std::int32_t* p, I32x16 a, I32x16 b, I32x16 c, I32x16 d) {
  const auto fold = [](I32x16 x) { return vaddq_s32(vaddq_s32(x.v[0], x.v[1]), vaddq_s32(x.v[2], x.v[3])); };
  vst1q_s32(p, vpaddq_s32(vpaddq_s32(fold(a), fold(b)), vpaddq_s32(fold(c), fold(d))));
}
AXLLAMA_INLINE void store_s8(std::int8_t* p, I32x16 a) {
  const int16x8_t low = vcombine_s16(vmovn_s32(a.v[0]), vmovn_s32(a.v[1]));
  const int16x8_t high = vcombine_s16(vmovn_s32(a.v[2]), vmovn_s32(a.v[3]));
  vst1q_s8(p, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
}
AXLLAMA_INLINE I32x16 add_i32(I32x16 a, I32x16 b) {
  return AXLLAMA_EACH(vaddq_s32(a.v[i], b.v[i]));
}
AXLLAMA_INLINE I32x16 pinned(I32x16 a) {
  return a;
}
AXLLAMA_INLINE I32x16 bit_or(I32x16 a, I32x16 b) {
  return AXLLAMA_EACH(vorrq_s32(a.v[i], b.v[i]));
}
AXLLAMA_INLINE I32x16 load_u8(const std::uint8_t* p) {
  const uint8x16_t bytes = vld1q_u8(p);
  const uint16x8_t low = vmovl_u8(vget_low_u8(bytes));
  const uint16x8_t high = vmovl_high_u8(bytes);
  return {{vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(low))), vreinterpretq_s32_u32(vmovl_high_u16(low)),
           vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(high))),
           vreinterpretq_s32_u32(vmovl_high_u16(high))}};
}
AXLLAMA_INLINE I32x16 load_s8(const std::uint8_t* p) {
  const int8x16_t bytes = vreinterpretq_s8_u8(vld1q_u8(p));
  const int16x8_t low = vmovl_s8(vget_low_s8(bytes));
  const int16x8_t high = vmovl_high_s8(bytes);
  return {{vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)),
           vmovl_high_s16(high)}};
}
/// The f16 in the low half of each lane.
AXLLAMA_INLINE F32x16 low_half_to_f32(I32x16 a) {
  return AXLLAMA_EACH(vcvt_f32_f16(vreinterpret_f16_s16(vmovn_s32(a.v[i]))));
}
/// Adds to each lane the four products of its bytes: weights, s8 when kSigned, else 0..63, times x in
/// -127..127.
constexpr std::int32_t kS8WordOffset = 0;
AXLLAMA_INLINE int32x4_t dot_quarter(int32x4_t sum, int32x4_t weights, int32x4_t x) {
  const int8x16_t w = vreinterpretq_s8_s32(weights);
  const int8x16_t a = vreinterpretq_s8_s32(x);
#if defined(__ARM_FEATURE_DOTPROD)
  return vdotq_s32(sum, w, a);
#else
  // |w| <= 128 and |a| <= 127: a sum of two products fits into 16 bits.
  return vpadalq_s16(sum, vpaddq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(a)), vmull_high_s8(w, a)));
#endif
}
template <bool kSigned>
AXLLAMA_INLINE I32x16 dot(I32x16 sum, I32x16 weights, I32x16 x) {
  return AXLLAMA_EACH(dot_quarter(sum.v[i], weights.v[i], x.v[i]));
}

#if defined(__ARM_FEATURE_MATMUL_INT8)
constexpr bool kHasPairedDot = true;
/// Adds the products of kWords words, 64 lanes apart, of 16 lanes of weights with those of two rows of x. One
/// instruction multiplies two lanes and two rows, eight bytes each.
template <std::size_t kWords>
AXLLAMA_INLINE void paired_dot(const std::int32_t* words, const std::int8_t* x0, const std::int8_t* x1,
                               I32x16& sum0, I32x16& sum1) {
  int32x4_t sums[8];
  for (auto& sum : sums) sum = vdupq_n_s32(0);
  for (std::size_t word = 0; word < kWords; word += 2) {
    const int8x16_t x = vcombine_s8(vld1_s8(x0 + 4 * word), vld1_s8(x1 + 4 * word));
    for (std::size_t i = 0; i < 4; ++i) {
      const int32x4_t first = vld1q_s32(words + 64 * word + 4 * i);
      const int32x4_t second = vld1q_s32(words + 64 * (word + 1) + 4 * i);
      sums[2 * i] = vmmlaq_s32(sums[2 * i], x, vreinterpretq_s8_s32(vzip1q_s32(first, second)));
      sums[2 * i + 1] = vmmlaq_s32(sums[2 * i + 1], x, vreinterpretq_s8_s32(vzip2q_s32(first, second)));
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    const int32x4_t row0 = vcombine_s32(vget_low_s32(sums[2 * i]), vget_low_s32(sums[2 * i + 1]));
    const int32x4_t row1 = vcombine_s32(vget_high_s32(sums[2 * i]), vget_high_s32(sums[2 * i + 1]));
    sum0.v[i] = vaddq_s32(sum0.v[i], row0);
    sum1.v[i] = vaddq_s32(sum1.v[i], row1);
  }
}
#else
constexpr bool kHasPairedDot = false;
#endif

AXLLAMA_INLINE void transpose4(int32x4_t (&r)[4]) {
  const int32x4_t a = vtrn1q_s32(r[0], r[1]);
  const int32x4_t b = vtrn2q_s32(r[0], r[1]);
  const int32x4_t c = vtrn1q_s32(r[2], r[3]);
  const int32x4_t d = vtrn2q_s32(r[2], r[3]);
  const auto low = [](int32x4_t x, int32x4_t y) {
    return vreinterpretq_s32_s64(vtrn1q_s64(vreinterpretq_s64_s32(x), vreinterpretq_s64_s32(y)));
  };
  const auto high = [](int32x4_t x, int32x4_t y) {
    return vreinterpretq_s32_s64(vtrn2q_s64(vreinterpretq_s64_s32(x), vreinterpretq_s64_s32(y)));
  };
  r[0] = low(a, c);
  r[1] = low(b, d);
  r[2] = high(a, c);
  r[3] = high(b, d);
}
/// Transposes the 16 x 16 matrix whose rows are r[0..15].
AXLLAMA_INLINE void transpose(I32x16 (&r)[16]) {
  I32x16 result[16];
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 4; ++column) {
      int32x4_t part[4] = {r[4 * row].v[column], r[4 * row + 1].v[column], r[4 * row + 2].v[column],
                           r[4 * row + 3].v[column]};
      transpose4(part);
      for (int i = 0; i < 4; ++i) result[4 * column + i].v[row] = part[i];
    }
  }
  for (int i = 0; i < 16; ++i) r[i] = result[i];
}

#undef AXLLAMA_EACH

}  // namespace
}  // namespace axllama::softcard
