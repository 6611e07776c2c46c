#pragma once

// 16 lanes of f32 or i32 for AVX-512 F/BW/VL. Included by one translation unit that is compiled for that
// target; the unnamed namespace keeps its code from being merged with another target's.

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#define AXLLAMA_INLINE inline __attribute__((always_inline))

namespace axllama::softcard {
namespace {

struct F32x16 {
  __m512 v;
};
struct I32x16 {
  __m512i v;
};

constexpr std::size_t kTilePanels = 4;   // panels of 16 columns kept in registers by the tile kernel
constexpr std::size_t kTileRows = 6;     // rows of x beside them
constexpr std::size_t kDotRows = 3;      // the same for the integer kernel, which has two sums of each
constexpr std::size_t kWideDotRows = 6;  // the same with one sum of each

AXLLAMA_INLINE F32x16 splat(float x) {
  return {_mm512_set1_ps(x)};
}
AXLLAMA_INLINE F32x16 load(const float* p) {
  return {_mm512_loadu_ps(p)};
}
AXLLAMA_INLINE void store(float* p, F32x16 a) {
  _mm512_storeu_ps(p, a.v);
}
AXLLAMA_INLINE I32x16 load_i32(const void* p) {
  return {_mm512_loadu_si512(p)};
}
AXLLAMA_INLINE F32x16 add(F32x16 a, F32x16 b) {
  return {_mm512_add_ps(a.v, b.v)};
}
AXLLAMA_INLINE F32x16 sub(F32x16 a, F32x16 b) {
  return {_mm512_sub_ps(a.v, b.v)};
}
AXLLAMA_INLINE F32x16 mul(F32x16 a, F32x16 b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
AXLLAMA_INLINE F32x16 div(F32x16 a, F32x16 b) {
  return {_mm512_div_ps(a.v, b.v)};
}
/// a * b + c, rounded once.
AXLLAMA_INLINE F32x16 fma(F32x16 a, F32x16 b, F32x16 c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
/// c - a * b, rounded once.
AXLLAMA_INLINE F32x16 fnma(F32x16 a, F32x16 b, F32x16 c) {
  return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
}
/// The larger; x where either is NaN.
AXLLAMA_INLINE F32x16 max_or_second(F32x16 a, F32x16 x) {
  return {_mm512_max_ps(a.v, x.v)};
}
/// The smaller; x where either is NaN.
AXLLAMA_INLINE F32x16 min_or_second(F32x16 a, F32x16 x) {
  return {_mm512_min_ps(a.v, x.v)};
}
/// 0 where a < b, else x.
AXLLAMA_INLINE F32x16 zero_where_less(F32x16 a, F32x16 b, F32x16 x) {
  return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_NLT_UQ), x.v)};
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_left(I32x16 a) {
  return {_mm512_slli_epi32(a.v, kBits)};
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_right_signed(I32x16 a) {
  return {_mm512_srai_epi32(a.v, kBits)};
}
AXLLAMA_INLINE I32x16 bit_and(I32x16 a, std::int32_t mask) {
  return {_mm512_and_si512(a.v, _mm512_set1_epi32(mask))};
}
AXLLAMA_INLINE I32x16 add(I32x16 a, std::int32_t b) {
  return {_mm512_add_epi32(a.v, _mm512_set1_epi32(b))};
}
AXLLAMA_INLINE F32x16 to_f32(I32x16 a) {
  return {_mm512_cvtepi32_ps(a.v)};
}
AXLLAMA_INLINE I32x16 round_to_i32(F32x16 a) {
  return {_mm512_cvtps_epi32(a.v)};
}
AXLLAMA_INLINE F32x16 as_f32(I32x16 a) {
  return {_mm512_castsi512_ps(a.v)};
}
AXLLAMA_INLINE F32x16 load_bf16(const std::uint16_t* p) {
  return {_mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))), 16))};
}
AXLLAMA_INLINE void store_bf16(std::uint16_t* p, F32x16 a) {
  const __m512i bits = _mm512_castps_si512(a.v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
  const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
  const __mmask16 nan = _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q);
  const __m512i upper = _mm512_srli_epi32(_mm512_mask_mov_epi32(rounded, nan, quiet), 16);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(upper));
}

AXLLAMA_INLINE void store_i32(void* p, I32x16 a) {
  _mm512_storeu_si512(p, a.v);
}
AXLLAMA_INLINE I32x16 splat_word(std::int32_t x) {
  return {_mm512_set1_epi32(x)};
}
AXLLAMA_INLINE I32x16 bit_xor(I32x16 a, std::int32_t mask) {
  return {_mm512_xor_si512(a.v, _mm512_set1_epi32(mask))};
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_right(I32x16 a) {
  return {_mm512_srli_epi32(a.v, kBits)};
}
AXLLAMA_INLINE F32x16 load_f16(const void* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)))};
}
AXLLAMA_INLINE I32x16 as_i32(F32x16 a) {
  return {_mm512_castps_si512(a.v)};
}
AXLLAMA_INLINE I32x16 larger(I32x16 a, I32x16 b) {
  return {_mm512_max_epi32(a.v, b.v)};
}
AXLLAMA_INLINE std::int32_t largest_lane(I32x16 a) {
  return _mm512_reduce_max_epi32(a.v);
}
/// Stores the sums of the lanes of each.
AXLLAMA_INLINE void store_sums(std::int32_t* p, I32x16 a, I32x16 b, I32x16 c, I32x16 d) {
  const auto fold = [](__m512i x) {
    const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  };
  const __m128i sums =
      _mm_hadd_epi32(_mm_hadd_epi32(fold(a.v), fold(b.v)), _mm_hadd_epi32(fold(c.v), fold(d.v)));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), sums);
}
AXLLAMA_INLINE void store_s8(std::int8_t* p, I32x16 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a.v));
}
AXLLAMA_INLINE I32x16 add_i32(I32x16 a, I32x16 b) {
  return {_mm512_add_epi32(a.v, b.v)};
}
/// Keeps a value in its register: GCC otherwise reads memory again where registers are few.
AXLLAMA_INLINE I32x16 pinned(I32x16 a) {
  __asm__("" : "+v"(a.v));
  return a;
}
AXLLAMA_INLINE I32x16 bit_or(I32x16 a, I32x16 b) {
  return {_mm512_or_si512(a.v, b.v)};
}
AXLLAMA_INLINE I32x16 load_u8(const std::uint8_t* p) {
  return {_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
AXLLAMA_INLINE I32x16 load_s8(const std::uint8_t* p) {
  return {_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
/// The f16 in the low half of each lane.
AXLLAMA_INLINE F32x16 low_half_to_f32(I32x16 a) {
  return {_mm512_cvtph_ps(_mm512_cvtepi32_epi16(a.v))};
}
/// Adds to each lane the four products of its bytes: weights, s8 + kS8WordOffset when kSigned, else 0..63,
/// times x in -127..127.
#if defined(__AVX512VNNI__)
constexpr std::int32_t kS8WordOffset = 128;
template <bool kSigned>
AXLLAMA_INLINE I32x16 dot(I32x16 sum, I32x16 weights, I32x16 x) {
  return {_mm512_dpbusd_epi32(sum.v, weights.v, x.v)};
}
#else
constexpr std::int32_t kS8WordOffset = 0;
template <bool kSigned>
AXLLAMA_INLINE I32x16 dot(I32x16 sum, I32x16 weights, I32x16 x) {
  // |w| <= 128 and |x| <= 127: a sum of two products fits into 16 bits.
  __m512i sizes = weights.v;
  __m512i factors = x.v;
  if constexpr (kSigned) {
    sizes = _mm512_abs_epi8(weights.v);
    factors = _mm512_mask_sub_epi8(x.v, _mm512_movepi8_mask(weights.v), _mm512_setzero_si512(), x.v);
  }
  const __m512i pairs = _mm512_maddubs_epi16(sizes, factors);
  return {_mm512_add_epi32(sum.v, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))};
}
#endif

constexpr bool kHasPairedDot = false;  // no paired_dot

/// Transposes the 16 x 16 matrix whose rows are r[0..15].
AXLLAMA_INLINE void transpose(I32x16 (&r)[16]) {
  __m512i a[16];
  __m512i b[16];
  for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_epi32(r[i].v, r[i + 1].v);
    a[i + 1] = _mm512_unpackhi_epi32(r[i].v, r[i + 1].v);
  }
  for (int i = 0; i < 16; i += 4) {
    b[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
    b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
    b[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
    b[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    const __m512i low = _mm512_shuffle_i32x4(b[i], b[i + 4], 0x88);
    const __m512i high = _mm512_shuffle_i32x4(b[i], b[i + 4], 0xDD);
    const __m512i low2 = _mm512_shuffle_i32x4(b[i + 8], b[i + 12], 0x88);
    const __m512i high2 = _mm512_shuffle_i32x4(b[i + 8], b[i + 12], 0xDD);
    r[i].v = _mm512_shuffle_i32x4(low, low2, 0x88);
    r[i + 8].v = _mm512_shuffle_i32x4(low, low2, 0xDD);
    r[i + 4].v = _mm512_shuffle_i32x4(high, high2, 0x88);
    r[i + 12].v = _mm512_shuffle_i32x4(high, high2, 0xDD);
  }
}

}  // namespace
}  // namespace axllama::softcard
