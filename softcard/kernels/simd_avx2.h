#pragma once

// 16 lanes of f32 or i32 as two AVX2 registers, with FMA. Included by one translation unit that is compiled
// for that target; the unnamed namespace keeps its code from being merged with another target's.

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#define AXLLAMA_INLINE inline __attribute__((always_inline))

namespace axllama::softcard {
namespace {

struct F32x16 {
  __m256 lo;
  __m256 hi;
};
struct I32x16 {
  __m256i lo;
  __m256i hi;
};

constexpr std::size_t kTilePanels = 1;  // panels of 16 columns kept in registers by the tile kernel
constexpr std::size_t kTileRows = 6;    // rows of x beside them
constexpr std::size_t kDotRows = 3;     // the same for the integer kernel, which has two sums of each
#if defined(__AVXVNNI__)
constexpr std::size_t kWideDotRows = 6;  // the same with one sum of each
#else
constexpr std::size_t kWideDotRows = 4;
#endif

AXLLAMA_INLINE F32x16 splat(float x) {
  const __m256 v = _mm256_set1_ps(x);
  return {v, v};
}
AXLLAMA_INLINE F32x16 load(const float* p) {
  return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
AXLLAMA_INLINE void store(float* p, F32x16 a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
AXLLAMA_INLINE I32x16 load_i32(const void* p) {
  const auto* v = static_cast<const __m256i*>(p);
  return {_mm256_loadu_si256(v), _mm256_loadu_si256(v + 1)};
}
AXLLAMA_INLINE F32x16 add(F32x16 a, F32x16 b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
AXLLAMA_INLINE F32x16 sub(F32x16 a, F32x16 b) {
  return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
AXLLAMA_INLINE F32x16 mul(F32x16 a, F32x16 b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
AXLLAMA_INLINE F32x16 div(F32x16 a, F32x16 b) {
  return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
/// a * b + c, rounded once.
AXLLAMA_INLINE F32x16 fma(F32x16 a, F32x16 b, F32x16 c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
/// c - a * b, rounded once.
AXLLAMA_INLINE F32x16 fnma(F32x16 a, F32x16 b, F32x16 c) {
  return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
/// The larger; x where either is NaN.
AXLLAMA_INLINE F32x16 max_or_second(F32x16 a, F32x16 x) {
  return {_mm256_max_ps(a.lo, x.lo), _mm256_max_ps(a.hi, x.hi)};
}
/// The smaller; x where either is NaN.
AXLLAMA_INLINE F32x16 min_or_second(F32x16 a, F32x16 x) {
  return {_mm256_min_ps(a.lo, x.lo), _mm256_min_ps(a.hi, x.hi)};
}
/// 0 where a < b, else x.
AXLLAMA_INLINE F32x16 zero_where_less(F32x16 a, F32x16 b, F32x16 x) {
  return {_mm256_and_ps(_mm256_cmp_ps(a.lo, b.lo, _CMP_NLT_UQ), x.lo),
          _mm256_and_ps(_mm256_cmp_ps(a.hi, b.hi, _CMP_NLT_UQ), x.hi)};
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_left(I32x16 a) {
  return {_mm256_slli_epi32(a.lo, kBits), _mm256_slli_epi32(a.hi, kBits)};
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_right_signed(I32x16 a) {
  return {_mm256_srai_epi32(a.lo, kBits), _mm256_srai_epi32(a.hi, kBits)};
}
AXLLAMA_INLINE I32x16 bit_and(I32x16 a, std::int32_t mask) {
  const __m256i m = _mm256_set1_epi32(mask);
  return {_mm256_and_si256(a.lo, m), _mm256_and_si256(a.hi, m)};
}
AXLLAMA_INLINE I32x16 add(I32x16 a, std::int32_t b) {
  const __m256i v = _mm256_set1_epi32(b);
  return {_mm256_add_epi32(a.lo, v), _mm256_add_epi32(a.hi, v)};
}
AXLLAMA_INLINE F32x16 to_f32(I32x16 a) {
  return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)};
}
AXLLAMA_INLINE I32x16 round_to_i32(F32x16 a) {
  return {_mm256_cvtps_epi32(a.lo), _mm256_cvtps_epi32(a.hi)};
}
AXLLAMA_INLINE F32x16 as_f32(I32x16 a) {
  return {_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi)};
}
AXLLAMA_INLINE F32x16 load_bf16(const std::uint16_t* p) {
  const auto* v = reinterpret_cast<const __m128i*>(p);
  const __m256i lo = _mm256_cvtepu16_epi32(_mm_loadu_si128(v));
  const __m256i hi = _mm256_cvtepu16_epi32(_mm_loadu_si128(v + 1));
  return as_f32(shift_left<16>({lo, hi}));
}
AXLLAMA_INLINE __m256i bf16_bits(__m256 a) {
  const __m256i bits = _mm256_castps_si256(a);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
  return _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
}
AXLLAMA_INLINE void store_bf16(std::uint16_t* p, F32x16 a) {
  const __m256i packed = _mm256_packus_epi32(bf16_bits(a.lo), bf16_bits(a.hi));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(packed, 0xD8));
}

AXLLAMA_INLINE void store_i32(void* p, I32x16 a) {
  auto* v = static_cast<__m256i*>(p);
  _mm256_storeu_si256(v, a.lo);
  _mm256_storeu_si256(v + 1, a.hi);
}
AXLLAMA_INLINE I32x16 splat_word(std::int32_t x) {
  const __m256i v = _mm256_set1_epi32(x);
  return {v, v};
}
AXLLAMA_INLINE I32x16 bit_xor(I32x16 a, std::int32_t mask) {
  const __m256i m = _mm256_set1_epi32(mask);
  return {_mm256_xor_si256(a.lo, m), _mm256_xor_si256(a.hi, m)};
}
template <int kBits>
AXLLAMA_INLINE I32x16 shift_right(I32x16 a) {
  return {_mm256_srli_epi32(a.lo, kBits), _mm256_srli_epi32(a.hi, kBits)};
}
AXLLAMA_INLINE F32x16 load_f16(const void* p) {
  const auto* v = static_cast<const __m128i*>(p);
  return {_mm256_cvtph_ps(_mm_loadu_si128(v)), _mm256_cvtph_ps(_mm_loadu_si128(v + 1))};
}
AXLLAMA_INLINE I32x16 as_i32(F32x16 a) {
  return {_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)};
}
AXLLAMA_INLINE I32x16 larger(I32x16 a, I32x16 b) {
  return {_mm256_max_epi32(a.lo, b.lo), _mm256_max_epi32(a.hi, b.hi)};
}
AXLLAMA_INLINE std::int32_t largest_lane(I32x16 a) {
  const __m256i m8 = _mm256_max_epi32(a.lo, a.hi);
  const __m128i m4 = _mm_max_epi32(_mm256_castsi256_si128(m8), _mm256_extracti128_si256(m8, 1));
  const __m128i m2 = _mm_max_epi32(m4, _mm_shuffle_epi32(m4, 0x4E));
  return _mm_cvtsi128_si32(_mm_max_epi32(m2, _mm_shuffle_epi32(m2, 0xB1)));
}
/// Stores the sums of the lanes of each.
AXLLAMA_INLINE void store_sums(std::int32_t* p, I32x16 a, I32x16 b, I32x16 c, I32x16 d) {
  const auto fold = [](I32x16 x) {
    const __m256i half = _mm256_add_epi32(x.lo, x.hi);
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  };
  const __m128i sums = _mm_hadd_epi32(_mm_hadd_epi32(fold(a), fold(b)), _mm_hadd_epi32(fold(c), fold(d)));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), sums);
}
AXLLAMA_INLINE void store_s8(std::int8_t* p, I32x16 a) {
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a.lo, a.hi), 0xD8);
  const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
}
AXLLAMA_INLINE I32x16 add_i32(I32x16 a, I32x16 b) {
  return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
AXLLAMA_INLINE I32x16 pinned(I32x16 a) {
  return a;
}
AXLLAMA_INLINE I32x16 bit_or(I32x16 a, I32x16 b) {
  return {_mm256_or_si256(a.lo, b.lo), _mm256_or_si256(a.hi, b.hi)};
}
AXLLAMA_INLINE __m128i load_8_bytes(const std::uint8_t* p) {
  return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
}
AXLLAMA_INLINE I32x16 load_u8(const std::uint8_t* p) {
  return {_mm256_cvtepu8_epi32(load_8_bytes(p)), _mm256_cvtepu8_epi32(load_8_bytes(p + 8))};
}
AXLLAMA_INLINE I32x16 load_s8(const std::uint8_t* p) {
  return {_mm256_cvtepi8_epi32(load_8_bytes(p)), _mm256_cvtepi8_epi32(load_8_bytes(p + 8))};
}
/// The f16 in the low half of each lane.
AXLLAMA_INLINE F32x16 low_half_to_f32(I32x16 a) {
  const I32x16 low = bit_and(a, 0xFFFF);
  const __m256i halves = _mm256_permute4x64_epi64(_mm256_packus_epi32(low.lo, low.hi), 0xD8);
  return {_mm256_cvtph_ps(_mm256_castsi256_si128(halves)),
          _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1))};
}
/// Adds to each lane the four products of its bytes: weights, s8 + kS8WordOffset when kSigned, else 0..63,
/// times x in -127..127.
#if defined(__AVXVNNI__)
constexpr std::int32_t kS8WordOffset = 128;
template <bool kSigned>
AXLLAMA_INLINE I32x16 dot(I32x16 sum, I32x16 weights, I32x16 x) {
  return {_mm256_dpbusd_avx_epi32(sum.lo, weights.lo, x.lo),
          _mm256_dpbusd_avx_epi32(sum.hi, weights.hi, x.hi)};
}
#else
constexpr std::int32_t kS8WordOffset = 0;
template <bool kSigned>
AXLLAMA_INLINE __m256i dot_half(__m256i sum, __m256i weights, __m256i x) {
  // |w| <= 128 and |x| <= 127: a sum of two products fits into 16 bits.
  const __m256i pairs = kSigned ? _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(x, weights))
                                : _mm256_maddubs_epi16(weights, x);
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
template <bool kSigned>
AXLLAMA_INLINE I32x16 dot(I32x16 sum, I32x16 weights, I32x16 x) {
  return {dot_half<kSigned>(sum.lo, weights.lo, x.lo), dot_half<kSigned>(sum.hi, weights.hi, x.hi)};
}
#endif

constexpr bool kHasPairedDot = false;  // no paired_dot

AXLLAMA_INLINE void transpose8(__m256i (&r)[8]) {
  __m256i a[8];
  __m256i b[8];
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
    a[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    b[i] = _mm256_unpacklo_epi64(a[i], a[i + 2]);
    b[i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 2]);
    b[i + 2] = _mm256_unpacklo_epi64(a[i + 1], a[i + 3]);
    b[i + 3] = _mm256_unpackhi_epi64(a[i + 1], a[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    r[i] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x20);
    r[i + 4] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x31);
  }
}
/// Transposes the 16 x 16 matrix whose rows are r[0..15].
AXLLAMA_INLINE void transpose(I32x16 (&r)[16]) {
  __m256i quarter[4][8];
  for (int i = 0; i < 8; ++i) {
    quarter[0][i] = r[i].lo;
    quarter[1][i] = r[i + 8].lo;
    quarter[2][i] = r[i].hi;
    quarter[3][i] = r[i + 8].hi;
  }
  for (auto& part : quarter) transpose8(part);
  for (int i = 0; i < 8; ++i) {
    r[i] = {quarter[0][i], quarter[1][i]};
    r[i + 8] = {quarter[2][i], quarter[3][i]};
  }
}

}  // namespace
}  // namespace axllama::softcard
