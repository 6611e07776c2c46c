#pragma once

// Access to packed integer weights, over the 16-lane vectors of the simd_*.h header included before this one.
// A "word" is a 32-bit lane of four neighbouring weights, the operand of dot(). Unnamed namespace: each
// target's translation unit has its own copy.

#include "softcard/kernels/kernel_table.h"

namespace axllama::softcard {
namespace {

constexpr std::size_t kBlockPanels = kBlockRows / kPanelRows;
constexpr std::size_t kGroupWords = kGroupDepth / 4;
constexpr std::size_t kPrefetchAhead = 16 * kStepBytes;

/// Where a group of 32 columns lies in a packed block.
struct GroupPlace {
  const std::uint8_t* header;  // of its record
  const std::uint8_t* steps;
  std::size_t part;  // its number in the record
};

AXLLAMA_INLINE const std::uint8_t* records_of(const WeightView& weights, std::size_t block) {
  return weights.blocks + block * weights.block_bytes + weights.block_header_bytes;
}

AXLLAMA_INLINE GroupPlace place_group(const WeightView& weights, const std::uint8_t* records,
                                      std::size_t group) {
  const std::size_t record = group / weights.record_groups;
  const std::size_t part = group - record * weights.record_groups;
  const std::uint8_t* header = records + record * weights.record_bytes;
  return {header, header + weights.record_header_bytes + part * weights.group_bytes, part};
}

AXLLAMA_INLINE void prefetch_step(const std::uint8_t* p) {
  for (std::size_t line = 0; line < kStepBytes; line += 64)
    __builtin_prefetch(p + kPrefetchAhead + line, 0, 0);
}

/// Shifts bit kFrom to bit kTo.
template <int kFrom, int kTo>
AXLLAMA_INLINE I32x16 move_bits(I32x16 a) {
  if constexpr (kFrom < kTo) return shift_left<kTo - kFrom>(a);
  if constexpr (kFrom > kTo) return shift_right<kFrom - kTo>(a);
  return a;
}

/// Word kIndex of a panel's group: q, for s8 plus kS8WordOffset.
template <WeightFormat kFormat, std::size_t kIndex>
AXLLAMA_INLINE I32x16 weight_word(const std::uint8_t* panel_steps) {
  if constexpr (kFormat == WeightFormat::kS8) {
    const I32x16 word = load_i32(panel_steps + kIndex * kStepBytes);
    if constexpr (kS8WordOffset != 0) return bit_xor(word, static_cast<std::int32_t>(0x80808080U));
    return word;
  } else {
    const I32x16 packed = load_i32(panel_steps + kIndex / 2 * kStepBytes);
    const I32x16 low = bit_and(move_bits<kIndex % 2 * 4, 0>(packed), 0x0F0F0F0F);
    if constexpr (kFormat == WeightFormat::kU5) {
      const I32x16 plane = load_i32(panel_steps + 4 * kStepBytes);
      return bit_or(low, bit_and(move_bits<static_cast<int>(kIndex), 4>(plane), 0x10101010));
    }
    if constexpr (kFormat == WeightFormat::kU6) {
      const I32x16 plane = load_i32(panel_steps + (4 + kIndex / 4) * kStepBytes);
      return bit_or(low, bit_and(move_bits<static_cast<int>(kIndex % 4 * 2), 4>(plane), 0x30303030));
    }
    return low;
  }
}

/// Writes a panel's words of a group, kStride lanes apart.
template <WeightFormat kFormat, std::size_t kStride, std::size_t kIndex = 0>
AXLLAMA_INLINE void store_words(const std::uint8_t* panel_steps, std::int32_t* out) {
  if constexpr (kIndex < kGroupWords) {
    store_i32(out + kIndex * kStride, weight_word<kFormat, kIndex>(panel_steps));
    store_words<kFormat, kStride, kIndex + 1>(panel_steps, out);
  }
}

template <ScaleForm kForm>
constexpr bool kHasMinimum = kForm == ScaleForm::kGroupMinimum || kForm == ScaleForm::kSuperMinimum;

/// What weight_word's words are larger than the weights by.
template <WeightFormat kFormat, ScaleForm kForm>
constexpr std::int32_t kWordOffset = kFormat == WeightFormat::kS8   ? kS8WordOffset
                                     : kHasMinimum<kForm>           ? 0
                                     : kFormat == WeightFormat::kU4 ? 8
                                     : kFormat == WeightFormat::kU5 ? 16
                                                                    : 32;

/// A panel's scales for a group, or for half `half` of it; not for kRow.
template <ScaleForm kForm>
AXLLAMA_INLINE F32x16 load_scale(const GroupPlace& place, std::size_t panel, std::size_t half) {
  const F32x16 scale = load_f16(place.header + 2 * kPanelRows * panel);
  if constexpr (kForm == ScaleForm::kSuperMinimum) {
    return mul(scale,
               to_f32(load_u8(place.header + 4 * kBlockRows + kBlockRows * place.part + kPanelRows * panel)));
  }
  if constexpr (kForm == ScaleForm::kSuperHalves) {
    const std::size_t line = 2 * place.part + half;
    return mul(scale,
               to_f32(load_s8(place.header + 2 * kBlockRows + kBlockRows * line + kPanelRows * panel)));
  }
  return scale;
}

/// A panel's minimums for a group, to be added.
template <ScaleForm kForm>
AXLLAMA_INLINE F32x16 load_minimum(const GroupPlace& place, std::size_t panel) {
  const F32x16 minimum = load_f16(place.header + 2 * kBlockRows + 2 * kPanelRows * panel);
  if constexpr (kForm == ScaleForm::kSuperMinimum) {
    const std::uint8_t* factors = place.header + (4 + 8) * kBlockRows + kBlockRows * place.part;
    return mul(sub(splat(0), minimum), to_f32(load_u8(factors + kPanelRows * panel)));
  }
  return minimum;
}

AXLLAMA_INLINE F32x16 load_row_scale(const WeightView& weights, std::size_t block, std::size_t panel) {
  const std::uint8_t* scales = weights.blocks + block * weights.block_bytes + 4 * kPanelRows * panel;
  return as_f32(load_i32(scales));
}

/// Calls work.template operator()<format, form, span>() for the kinds that are integers. The span is the
/// number of groups with one weight scale, at most those with one activation scale.
template <typename Work>
AXLLAMA_INLINE void for_kind(const WeightKind& kind, const Work& work) {
  using enum WeightFormat;
  using enum ScaleForm;
  switch (kind.format) {
    case kS8:
      if (kind.scales == kRow) return work.template operator()<kS8, kRow, kScaleGroups>();
      return work.template operator()<kS8, kGroup, 1>();
    case kU4:
      if (kind.group == kScaleDepth) return work.template operator()<kU4, kGroup, kScaleGroups>();
      if (kind.scales == kGroup) return work.template operator()<kU4, kGroup, 1>();
      if (kind.scales == kGroupMinimum) return work.template operator()<kU4, kGroupMinimum, 1>();
      return work.template operator()<kU4, kSuperMinimum, 1>();
    case kU5:
      if (kind.scales == kGroup) return work.template operator()<kU5, kGroup, 1>();
      if (kind.scales == kGroupMinimum) return work.template operator()<kU5, kGroupMinimum, 1>();
      return work.template operator()<kU5, kSuperMinimum, 1>();
    case kU6:
      return work.template operator()<kU6, kSuperHalves, 1>();
    default:
      return;
  }
}

}  // namespace
}  // namespace axllama::softcard
