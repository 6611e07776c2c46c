#pragma once

// 16 lanes of f32 or i32 as four registers of SSE4.1, for processors without AVX2. Included by one
// translation unit that is compiled for that target; the unnamed namespace keeps its code from being merged
// with another target's.

#include <cstddef>
#include <cstdint>

#include <smmintrin.h>

#define AXLLAMA_INLINE inline __attribute__((always_inline))

namespace axllama::softcard {
namespace {

struct F32x16 {
  __m128 v[4];
};
struct I32x16 {
  __m128i v[4];
};

constexpr std::size_t kTilePanels = 1;   // panels of 16 columns kept in registers by the tile kernel
constexpr std::size_t kTileRows = 2;     // rows of x beside them
constexpr std::size_t kDotRows = 1;      // the same for the integer kernel, which has two sums of each
constexpr std::size_t kWideDotRows = 2;  // the same with one sum of each

template <typename Function>
AXLLAMA_INLINE F32x16 each_f32(Function function) {
  return {{function(0), function(1), function(2), function(3)}};
}
template <typename Function>
AXLLAMA_INLINE I32x16 each_i32(Function function) {
  return {{function(0), function(1), function(2), function(3)}};
}
AXLLAMA_INLINE __m128i load_16_bytes(const void* p) {
  return _mm_loadu_si128(static_cast<const __m128i*>(p));
}
AXLLAMA_INLINE __m128i load_8_bytes(const void* p) {
  return _mm_loadl_epi64(static_cast<const __m128i*>(p));
}

AXLLAMA_INLINE F32x16 splat(float x) {
  const __m128 v = _mm_set1_ps(x);
  return {{v, v, v, v}};
}
AXLLAMA_INLINE F32x16 load(const float* p) {
  return each_f32([&](int i) { return _mm_loadu_ps(p + 4 * i); });
}
AXLLAMA_INLINE void store(float* p, F32x16 a) {
  for (int i = 0; i < 4; ++i) _mm_storeu_ps(p + 4 * i, a.v[i]);
}
AXLLAMA_INLINE I32x16 load_i32(const void* p) {
  return each_i32([&](int i) { return load_16_bytes(static_cast<const std::int8_t*>(p) + 16 * i); });
}
AXLLAMA_INLINE F32x16 add(F32x16 a, F32x16 b) {
  return each_f32([&](int i) { return _mm_add_ps(a.v[i], b.v[i]); });
}
AXLLAMA_INLINE F32x16 sub(F32x16 a, F32x16 b) {
  return each_f32([&](int i) { return _mm_sub_ps(a.v[i], b.v[i]); });
}
AXLLAMA_INLINE F32x16 mul(F32x16 a, F32x16 b) {
  return each_f32([&](int i) { return _mm_mul_ps(a.v[i], b.v[i]); });
}
AXLLAMA_INLINE F32x16 div(F32x16 a, F32x16 b) {
  return each_f32([&](int i) { return _mm_div_ps(a.v[i], b.v[i]); });
}

/// The sum of two f64, rounded to odd: where it is not exact, towards the neighbour whose last bit is set.
/// Rounded once more to f32, that is the exact sum rounded once (S. Boldo, G. Melquiond, "Emulation of a FMA
/// and Correctly Rounded Sums: Proved Algorithms Using Rounding to Odd", IEEE Transactions on Computers
/// 57(4)).
AXLLAMA_INLINE __m128d add_to_odd(__m128d a, __m128d b) {
  const __m128d sum = _mm_add_pd(a, b);
  const __m128d b_in_sum = _mm_sub_pd(sum, a);
  const __m128d error = _mm_add_pd(_mm_sub_pd(a, _mm_sub_pd(sum, b_in_sum)), _mm_sub_pd(b, b_in_sum));
  const __m128d inexact =
      _mm_and_pd(_mm_cmpneq_pd(error, _mm_setzero_pd()), _mm_cmpord_pd(error, error));  // infinities: NaN
  const __m128i bits = _mm_castpd_si128(sum);
  const __m128i one = _mm_set1_epi64x(1);
  const __m128i even = _mm_sub_epi64(_mm_and_si128(bits, one), one);                   // all bits where it is
  const __m128i apart = _mm_srli_epi64(_mm_castpd_si128(_mm_xor_pd(sum, error)), 63);  // 1: signs differ
  const __m128i step = _mm_sub_epi64(one, _mm_slli_epi64(apart, 1));
  const __m128i wanted = _mm_and_si128(_mm_castpd_si128(inexact), even);
  return _mm_castsi128_pd(_mm_add_epi64(bits, _mm_and_si128(step, wanted)));
}
/// Products of f32 are exact in f64.
AXLLAMA_INLINE __m128 fma_quarter(__m128 a, __m128 b, __m128 c) {
  const auto half = [](__m128 x, __m128 y, __m128 z) {
    return _mm_cvtpd_ps(add_to_odd(_mm_mul_pd(_mm_cvtps_pd(x), _mm_cvtps_pd(y)), _mm_cvtps_pd(z)));
  };
  return _mm_movelh_ps(half(a, b, c), half(_mm_movehl_ps(a, a), _mm_movehl_ps(b, b), _mm_movehl_ps(c, c)));
}
/// a * b + c, rounded once.
AXLLAMA_INLINE F32x16 fma(F32x16 a, F32x16 b, F32x16 c) {
  return each_f32([&](int i) { return fma_quarter(a.v[i], b.v[i], c.v[i]); });
}
/// c - a * b, rounded once.
AXLLAMA_INLINE F32x16 fnma(F32x16 a, F32x16 b, F32x16 c) {
  const __m128 sign = _mm_set1_ps(-0.0F);
  return each_f32([&](int i) { return fma_quarter(_mm_xor_ps(a.v[i], sign), b.v[i], c.v[i]); });
}
/// The larger; x where either is NaN.
AXLLAMA_INLINE F32x16 max_or_second(F32x16 a, F32x16 x) {
  return each_f32([&](int i) { return _mm_max_ps(a.v[i], x.v[i]); });
}
/// The smaller; x where either is NaN.
AXLLAMA_INLINE F32x16 min_or_second(F32x16 a, F32x16 x) {
  return each_f32([&](int i) { return _mm_min_ps(a.v[i], x.v[i]); });
}
/// 0 where a < b, else x.
AXLLAMA_INLINE F32x16 zero_where_less(F32x16 a, F32x16 b, F32x16 x) {
  return each_f32([&](int i) { return _mm_and_ps(_mm_cmpnlt_ps(a.v[i], b.v[i]), x.v[i]); });
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_left(I32x16 a) {
  return each_i32([&](int i) { return _mm_slli_epi32(a.v[i], kBits); });
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_right_signed(I32x16 a) {
  return each_i32([&](int i) { return _mm_srai_epi32(a.v[i], kBits); });
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_right(I32x16 a) {
  return each_i32([&](int i) { return _mm_srli_epi32(a.v[i], kBits); });
}
AXLLAMA_INLINE I32x16 bit_and(I32x16 a, std::int32_t mask) {
  return each_i32([&](int i) { return _mm_and_si128(a.v[i], _mm_set1_epi32(mask)); });
}
AXLLAMA_INLINE I32x16 bit_xor(I32x16 a, std::int32_t mask) {
  return each_i32([&](int i) { return _mm_xor_si128(a.v[i], _mm_set1_epi32(mask)); });
}
AXLLAMA_INLINE I32x16 bit_or(I32x16 a, I32x16 b) {
  return each_i32([&](int i) { return _mm_or_si128(a.v[i], b.v[i]); });
}
AXLLAMA_INLINE I32x16 add(I32x16 a, std::int32_t b) {
  return each_i32([&](int i) { return _mm_add_epi32(a.v[i], _mm_set1_epi32(b)); });
}
AXLLAMA_INLINE I32x16 add_i32(I32x16 a, I32x16 b) {
  return each_i32([&](int i) { return _mm_add_epi32(a.v[i], b.v[i]); });
}
AXLLAMA_INLINE I32x16 larger(I32x16 a, I32x16 b) {
  return each_i32([&](int i) { return _mm_max_epi32(a.v[i], b.v[i]); });
}
AXLLAMA_INLINE F32x16 to_f32(I32x16 a) {
  return each_f32([&](int i) { return _mm_cvtepi32_ps(a.v[i]); });
}
AXLLAMA_INLINE I32x16 round_to_i32(F32x16 a) {
  return each_i32([&](int i) { return _mm_cvtps_epi32(a.v[i]); });
}
AXLLAMA_INLINE F32x16 as_f32(I32x16 a) {
  return each_f32([&](int i) { return _mm_castsi128_ps(a.v[i]); });
}
AXLLAMA_INLINE I32x16 as_i32(F32x16 a) {
  return each_i32([&](int i) { return _mm_castps_si128(a.v[i]); });
}
AXLLAMA_INLINE F32x16 load_bf16(const std::uint16_t* p) {
  return each_f32([&](int i) {
    return _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), load_8_bytes(p + 4 * i)));
  });
}
AXLLAMA_INLINE __m128i bf16_bits(__m128 a) {
  const __m128i bits = _mm_castps_si128(a);
  const __m128i odd = _mm_and_si128(_mm_srli_epi32(bits, 16), _mm_set1_epi32(1));
  const __m128i rounded = _mm_add_epi32(bits, _mm_add_epi32(odd, _mm_set1_epi32(0x7FFF)));
  const __m128i quiet = _mm_or_si128(bits, _mm_set1_epi32(0x400000));
  const __m128i nan = _mm_castps_si128(_mm_cmpunord_ps(a, a));
  return _mm_srli_epi32(_mm_blendv_epi8(rounded, quiet, nan), 16);
}
AXLLAMA_INLINE void store_bf16(std::uint16_t* p, F32x16 a) {
  auto* out = reinterpret_cast<__m128i*>(p);
  _mm_storeu_si128(out, _mm_packus_epi32(bf16_bits(a.v[0]), bf16_bits(a.v[1])));
  _mm_storeu_si128(out + 1, _mm_packus_epi32(bf16_bits(a.v[2]), bf16_bits(a.v[3])));
}
AXLLAMA_INLINE void store_i32(void* p, I32x16 a) {
  for (int i = 0; i < 4; ++i) _mm_storeu_si128(static_cast<__m128i*>(p) + i, a.v[i]);
}
AXLLAMA_INLINE I32x16 splat_word(std::int32_t x) {
  const __m128i v = _mm_set1_epi32(x);
  return {{v, v, v, v}};
}
/// The f16 in the low half of each lane, whose upper half is zero. Multiplied by 2^112 the exponent's bias is
/// that of f32, for subnormal numbers too.
AXLLAMA_INLINE __m128 f16_to_f32(__m128i half) {
  const __m128i sign = _mm_slli_epi32(_mm_and_si128(half, _mm_set1_epi32(0x8000)), 16);
  const __m128i magnitude = _mm_slli_epi32(_mm_and_si128(half, _mm_set1_epi32(0x7FFF)), 13);
  const __m128i scaled = _mm_castps_si128(_mm_mul_ps(_mm_castsi128_ps(magnitude), _mm_set1_ps(0x1p112F)));
  const __m128i special = _mm_and_si128(_mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x0F7FFFFF)),
                                        _mm_set1_epi32(0x7F800000));  // infinities and NaN
  return _mm_castsi128_ps(_mm_or_si128(_mm_or_si128(scaled, special), sign));
}
AXLLAMA_INLINE F32x16 load_f16(const void* p) {
  return each_f32([&](int i) {
    return f16_to_f32(_mm_cvtepu16_epi32(load_8_bytes(static_cast<const std::uint16_t*>(p) + 4 * i)));
  });
}
AXLLAMA_INLINE F32x16 low_half_to_f32(I32x16 a) {
  return each_f32([&](int i) { return f16_to_f32(_mm_and_si128(a.v[i], _mm_set1_epi32(0xFFFF))); });
}
AXLLAMA_INLINE std::int32_t largest_lane(I32x16 a) {
  const __m128i m4 = _mm_max_epi32(_mm_max_epi32(a.v[0], a.v[1]), _mm_max_epi32(a.v[2], a.v[3]));
  const __m128i m2 = _mm_max_epi32(m4, _mm_shuffle_epi32(m4, 0x4E));
  return _mm_cvtsi128_si32(_mm_max_epi32(m2, _mm_shuffle_epi32(m2, 0xB1)));
}
/// Stores the sums of the lanes of each.
AXLLAMA_INLINE void store_sums(std::int32_t* p, I32x16 a, I32x16 b, I32x16 c, I32x16 d) {
  const auto fold = [](I32x16 x) {
    return _mm_add_epi32(_mm_add_epi32(x.v[0], x.v[1]), _mm_add_epi32(x.v[2], x.v[3]));
  };
  const __m128i sums = _mm_hadd_epi32(_mm_hadd_epi32(fold(a), fold(b)), _mm_hadd_epi32(fold(c), fold(d)));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), sums);
}
AXLLAMA_INLINE void store_s8(std::int8_t* p, I32x16 a) {
  const __m128i low = _mm_packs_epi32(a.v[0], a.v[1]);
  const __m128i high = _mm_packs_epi32(a.v[2], a.v[3]);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(low, high));
}
AXLLAMA_INLINE I32x16 pinned(I32x16 a) {
  return a;
}
AXLLAMA_INLINE I32x16 load_u8(const std::uint8_t* p) {
  const __m128i bytes = load_16_bytes(p);
  return {{_mm_cvtepu8_epi32(bytes), _mm_cvtepu8_epi32(_mm_srli_si128(bytes, 4)),
           _mm_cvtepu8_epi32(_mm_srli_si128(bytes, 8)), _mm_cvtepu8_epi32(_mm_srli_si128(bytes, 12))}};
}
AXLLAMA_INLINE I32x16 load_s8(const std::uint8_t* p) {
  const __m128i bytes = load_16_bytes(p);
  return {{_mm_cvtepi8_epi32(bytes), _mm_cvtepi8_epi32(_mm_srli_si128(bytes, 4)),
           _mm_cvtepi8_epi32(_mm_srli_si128(bytes, 8)), _mm_cvtepi8_epi32(_mm_srli_si128(bytes, 12))}};
}
/// Adds to each lane the four products of its bytes: weights, s8 when kSigned, else 0..63, times x in
/// -127..127. |w| <= 128 and |x| <= 127: a sum of two products fits into 16 bits.
constexpr std::int32_t kS8WordOffset = 0;
template <bool kSigned>
AXLLAMA_INLINE I32x16 dot(I32x16 sum, I32x16 weights, I32x16 x) {
  return each_i32([&](int i) {
    const __m128i w = weights.v[i];
    const __m128i pairs =
        kSigned ? _mm_maddubs_epi16(_mm_abs_epi8(w), _mm_sign_epi8(x.v[i], w)) : _mm_maddubs_epi16(w, x.v[i]);
    return _mm_add_epi32(sum.v[i], _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
  });
}

constexpr bool kHasPairedDot = false;  // no paired_dot

AXLLAMA_INLINE void transpose4(__m128i (&r)[4]) {
  const __m128i a = _mm_unpacklo_epi32(r[0], r[1]);
  const __m128i b = _mm_unpackhi_epi32(r[0], r[1]);
  const __m128i c = _mm_unpacklo_epi32(r[2], r[3]);
  const __m128i d = _mm_unpackhi_epi32(r[2], r[3]);
  r[0] = _mm_unpacklo_epi64(a, c);
  r[1] = _mm_unpackhi_epi64(a, c);
  r[2] = _mm_unpacklo_epi64(b, d);
  r[3] = _mm_unpackhi_epi64(b, d);
}
/// Transposes the 16 x 16 matrix whose rows are r[0..15].
AXLLAMA_INLINE void transpose(I32x16 (&r)[16]) {
  I32x16 result[16];
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 4; ++column) {
      __m128i part[4] = {r[4 * row].v[column], r[4 * row + 1].v[column], r[4 * row + 2].v[column],
                         r[4 * row + 3].v[column]};
      transpose4(part);
      for (int i = 0; i < 4; ++i) result[4 * column + i].v[row] = part[i];
    }
  }
  for (int i = 0; i < 16; ++i) r[i] = result[i];
}

}  // namespace
}  // namespace axllama::softcard
