#pragma once

// Integer kernels for one row of x over the 16-lane vectors of the simd_*.h header included before this one.
// Unnamed namespace: each target's translation unit has its own copy. Words hold weights + an offset, which
// the starting value of a group's sum takes back.

#include "softcard/kernels/weight_words.h"

namespace axllama::softcard {
namespace {

/// -sum, also where a value that was not finite became any word.
AXLLAMA_INLINE std::int32_t negated(std::int32_t sum) {
  return static_cast<std::int32_t>(0U - static_cast<std::uint32_t>(sum));
}

/// Quantises 1..kScaleGroups groups with one scale.
AXLLAMA_INLINE void quantise_span(const float* x, std::size_t groups, const QuantisedRow& out) {
  // As integers the sizes of floats keep their order, and infinity and NaN come last.
  I32x16 largest = splat_word(0);
  for (std::size_t i = 0; i < groups * kGroupDepth; i += kPanelRows)
    largest = larger(largest, bit_and(as_i32(load(x + i)), 0x7FFFFFFF));
  const float top = __builtin_bit_cast(float, largest_lane(largest));
  const bool tiny = top < 1e-30F;
  const F32x16 inverse = splat(tiny ? 0.0F : 127.0F / top);
  *out.scales = (tiny ? 0.0F : top / 127.0F) + (top - top);  // NaN unless finite
  // Two groups at a time: the sums of four halves come together.
  for (std::size_t group = 0; group < groups; group += 2) {
    const std::size_t halves = groups - group < 2 ? 2 : 4;
    I32x16 q[4] = {splat_word(0), splat_word(0), splat_word(0), splat_word(0)};
#pragma GCC unroll 4
    for (std::size_t half = 0; half < 4; ++half) {
      if (half == halves) break;
      const std::size_t i = group * kGroupDepth + half * kPanelRows;
      q[half] = round_to_i32(mul(load(x + i), inverse));
      store_s8(out.values + i, q[half]);
    }
    std::int32_t sums[4];
    store_sums(sums, q[0], q[1], q[2], q[3]);
    for (std::size_t half = 0; half < halves; ++half) out.half_sums[2 * group + half] = negated(sums[half]);
    for (std::size_t half = 0; half < halves; half += 2) {
      const std::int32_t* pair = out.half_sums + 2 * group + half;
      out.group_sums[group + half / 2] = pair[0] + pair[1];
    }
  }
}

void quantise(const float* x, std::size_t groups, const QuantisedRow& row) {
  QuantisedRow out = row;
  for (std::size_t group = 0; group < groups; group += kScaleGroups) {
    quantise_span(x, groups - group < kScaleGroups ? groups - group : kScaleGroups, out);
    x += kScaleDepth;
    out.values += kScaleDepth;
    out.scales += 1;
    out.group_sums += kScaleGroups;
    out.half_sums += 2 * kScaleGroups;
  }
}

AXLLAMA_INLINE std::int32_t load_word(const std::int8_t* values) {
  std::int32_t word;
  __builtin_memcpy(&word, values, sizeof(word));
  return word;
}

template <ScaleForm kForm>
constexpr std::size_t kParts = kForm == ScaleForm::kSuperHalves ? 2 : 1;  // weight scales of a group
template <ScaleForm kForm>
constexpr std::size_t kPartWords = kGroupWords / kParts<kForm>;

/// What takes the words' offset, a power of two, back from the sum of a group or of half of it.
template <std::int32_t kOffset>
AXLLAMA_INLINE I32x16 offset_sum(const std::int32_t* negative_sum) {
  if constexpr (kOffset == 0) return splat_word(0);
  return shift_left<__builtin_ctz(static_cast<unsigned>(kOffset | (kOffset == 0 ? 1 : 0)))>(
      splat_word(*negative_sum));
}

/// Adds a scaled integer sum to the sum of 128 columns.
template <ScaleForm kForm>
AXLLAMA_INLINE F32x16 add_sum(F32x16 sum, I32x16 products, F32x16 scale) {
  if constexpr (kForm == ScaleForm::kRow) return to_f32(products);
  return fma(to_f32(products), scale, sum);
}

template <WeightFormat kFormat, std::size_t kIndex, std::size_t kEnd>
AXLLAMA_INLINE void dot_words(const std::uint8_t* steps, const std::int8_t* x, I32x16 (&sums)[kBlockPanels]) {
  if constexpr (kIndex < kEnd) {
    const I32x16 factor = splat_word(load_word(x + 4 * kIndex));
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      const I32x16 word = weight_word<kFormat, kIndex>(steps + 64 * panel);
      sums[panel] = dot < kFormat == WeightFormat::kS8 > (sums[panel], word, factor);
    }
    dot_words<kFormat, kIndex + 1, kEnd>(steps, x, sums);
  }
}

/// Part kPart of a group: takes the offset back and multiplies its words.
template <WeightFormat kFormat, ScaleForm kForm, std::size_t kPart>
AXLLAMA_INLINE void dot_part(const GroupPlace& place, const QuantisedView& x, std::size_t group,
                             I32x16 (&sums)[kBlockPanels]) {
  constexpr std::int32_t kOffset = kWordOffset<kFormat, kForm>;
  if constexpr (kOffset != 0) {
    const std::int32_t* negative =
        kParts<kForm> == 2 ? x.half_sums + 2 * group + kPart : x.group_sums + group;
    const I32x16 start = offset_sum<kOffset>(negative);
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) sums[panel] = add_i32(sums[panel], start);
  }
  constexpr std::size_t kWords = kPartWords<kForm>;
  dot_words<kFormat, kPart * kWords, (kPart + 1) * kWords>(place.steps, x.values + group * kGroupDepth, sums);
}

template <ScaleForm kForm>
AXLLAMA_INLINE void scale_part(const GroupPlace& place, std::size_t part, I32x16 (&sums)[kBlockPanels],
                               F32x16 (&partial)[kBlockPanels]) {
#pragma GCC unroll 4
  for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
    F32x16 scale = splat(0);
    if constexpr (kForm != ScaleForm::kRow) scale = load_scale<kForm>(place, panel, part);
    partial[panel] = add_sum<kForm>(partial[panel], sums[panel], scale);
    sums[panel] = splat_word(0);
  }
}

/// Streams the packed block once, 64 output rows in flight.
template <WeightFormat kFormat, ScaleForm kForm, std::size_t kSpan>
void dot_vector(const WeightView& weights, std::size_t block, const QuantisedView& x, float* y) {
  F32x16 totals[kBlockPanels] = {splat(0), splat(0), splat(0), splat(0)};
  const std::uint8_t* records = records_of(weights, block);
  for (std::size_t first = 0; first < weights.groups; first += kScaleGroups) {
    const std::size_t end = weights.groups - first < kScaleGroups ? weights.groups : first + kScaleGroups;
    F32x16 partial[kBlockPanels] = {splat(0), splat(0), splat(0), splat(0)};
    I32x16 sums[kBlockPanels] = {splat_word(0), splat_word(0), splat_word(0), splat_word(0)};
    for (std::size_t group = first; group < end; ++group) {
      const GroupPlace place = place_group(weights, records, group);
      if (place.part == 0) prefetch_step(place.header);
      for (std::size_t step = 0; step < weights.group_bytes; step += kStepBytes)
        prefetch_step(place.steps + step);
      dot_part<kFormat, kForm, 0>(place, x, group, sums);
      if constexpr (kParts<kForm> == 2) {
        scale_part<kForm>(place, 0, sums, partial);
        dot_part<kFormat, kForm, 1>(place, x, group, sums);
      }
      if (kSpan == 1 || group + 1 == end) scale_part<kForm>(place, kParts<kForm> - 1, sums, partial);
      if constexpr (kHasMinimum<kForm>) {
        const F32x16 negative = to_f32(splat_word(x.group_sums[group]));
#pragma GCC unroll 4
        for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
          partial[panel] = fnma(load_minimum<kForm>(place, panel), negative, partial[panel]);
        }
      }
    }
    const F32x16 x_scale = splat(x.scales[first / kScaleGroups]);
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel)
      totals[panel] = fma(partial[panel], x_scale, totals[panel]);
  }
  for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
    if constexpr (kForm == ScaleForm::kRow)
      totals[panel] = mul(totals[panel], load_row_scale(weights, block, panel));
    store(y + kPanelRows * panel, totals[panel]);
  }
}

}  // namespace
}  // namespace axllama::softcard
