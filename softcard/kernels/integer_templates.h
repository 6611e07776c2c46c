#pragma once

// Integer matrix kernels over the 16-lane vectors of the simd_*.h header included before this one. Unnamed
// namespace: each target's translation unit has its own copy. A "word" is a 32-bit lane of kWordDepth weights
// or activations, the operand of the target's dot product; weights enter it as q + offset, which the starting
// value of a group's sum takes back.

#include "softcard/kernels/kernel_table.h"
#include "softcard/kernels/projection_templates.h"
#include "softcard/kernels/vector_templates.h"

namespace axllama::softcard {
namespace {

constexpr std::size_t kGroupWords = kGroupDepth / kWordDepth;
constexpr std::size_t kSliceGroups = 8;  // groups whose words are unpacked at a time: 16 or 32 KiB

template <WeightFormat kFormat>
constexpr std::int32_t kWordOffset = kFormat == WeightFormat::kS4 ? 8 : kS8WordOffset;
template <WeightFormat kFormat>
constexpr std::size_t kStepWords = kStepDepth<kFormat> / kWordDepth;
template <WeightFormat kFormat>
constexpr std::size_t kGroupSteps = kGroupDepth / kStepDepth<kFormat>;

/// Word kIndex of a packed step. Two-byte words hold the neighbours (0, 2), (1, 3), (4, 6), (5, 7).
template <WeightFormat kFormat, std::size_t kIndex>
AXLLAMA_INLINE I32x16 weight_word(I32x16 packed) {
  if constexpr (kFormat == WeightFormat::kS8) {
    if constexpr (kWordDepth == 2) return kIndex == 0 ? even_bytes(packed) : odd_bytes(packed);
    if constexpr (kWordOffset<kFormat> != 0) return bit_xor(packed, static_cast<std::int32_t>(0x80808080U));
    return packed;
  } else if constexpr (kWordDepth == 2) {
    constexpr int kShift = kIndex == 0 ? 0 : kIndex == 1 ? 8 : kIndex == 2 ? 4 : 12;
    return bit_and(shift_right<kShift>(packed), 0x000F000F);
  } else {
    return bit_and(shift_right<4 * static_cast<int>(kIndex)>(packed), 0x0F0F0F0F);
  }
}

void quantise(const float* x, std::size_t groups, std::int32_t* words, float* scales, float* scaled_sums,
              std::int32_t* sums) {
  for (std::size_t group = 0; group < groups; ++group, x += kGroupDepth, words += kGroupWords) {
    const F32x16 a = load(x);
    const F32x16 b = load(x + kPanelRows);
    // As integers the sizes of floats keep their order, and infinity and NaN come last.
    const std::int32_t bits = largest_lane(bit_and(as_i32(a), 0x7FFFFFFF), bit_and(as_i32(b), 0x7FFFFFFF));
    const float top = __builtin_bit_cast(float, bits);
    const bool tiny = top < 1e-30F;
    const float scale = tiny ? 0.0F : top / 127.0F;
    const F32x16 inverse = splat(tiny ? 0.0F : 127.0F / top);
    alignas(64) std::int8_t q[kGroupDepth];
    store_s8(q, round_to_i32(mul(a, inverse)));
    store_s8(q + kPanelRows, round_to_i32(mul(b, inverse)));
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < kGroupDepth; ++i) sum += q[i];
    sums[group] = sum;
    scales[group] = scale + (top - top);  // NaN unless finite
    scaled_sums[group] = scales[group] * static_cast<float>(sum);
    if constexpr (kWordDepth == 4) {
      __builtin_memcpy(words, q, sizeof(q));
    } else {
      for (std::size_t i = 0; i < kGroupDepth; i += 4) {
        const auto pair = [&](std::size_t k) {
          const auto low = static_cast<std::uint32_t>(static_cast<std::uint16_t>(q[k]));
          return static_cast<std::int32_t>(
              low | static_cast<std::uint32_t>(static_cast<std::uint16_t>(q[k + 2])) << 16U);
        };
        words[i / 2] = pair(i);
        words[i / 2 + 1] = pair(i + 1);
      }
    }
  }
}

/// Scale and minimum vectors of one panel for one group; per-row scales are applied at the end instead.
struct GroupScales {
  bool in_record;
  bool has_minimum;
  const std::uint8_t* halves;  // the record's [64 f16 scales][64 f16 minimums]
};

AXLLAMA_INLINE F32x16 add_group(F32x16 total, I32x16 products, const GroupScales& scales, std::size_t panel,
                                float x_scale, float x_scaled_sum) {
  const F32x16 sum = to_f32(products);
  if (!scales.in_record) return fma(sum, splat(x_scale), total);
  const std::uint8_t* halves = scales.halves + 2 * kPanelRows * panel;
  total = fma(sum, mul(load_f16(halves), splat(x_scale)), total);
  if (!scales.has_minimum) return total;
  return fma(load_f16(halves + 2 * kBlockRows), splat(x_scaled_sum), total);
}

template <WeightFormat kFormat, std::size_t kIndex = 0>
AXLLAMA_INLINE void dot_step(const I32x16 (&packed)[kBlockPanels], const std::int32_t* x,
                             I32x16 (&sums)[kBlockPanels]) {
  if constexpr (kIndex < kStepWords<kFormat>) {
    const I32x16 factor = splat_word(x[kIndex]);
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      sums[panel] = dot(sums[panel], weight_word<kFormat, kIndex>(packed[panel]), factor);
    }
    dot_step<kFormat, kIndex + 1>(packed, x, sums);
  }
}

/// One row of x: streams the packed block once, 64 output rows in flight.
template <WeightFormat kFormat>
void dot_vector(const WeightView& weights, const std::uint8_t* record, const QuantisedView& x,
                F32x16 (&result)[kBlockPanels]) {
  F32x16 totals[kBlockPanels] = {splat(0), splat(0), splat(0), splat(0)};
  const std::int32_t* words = x.words;
  std::size_t group = 0;
  for (std::size_t i = 0; i < weights.records; ++i) {
    const GroupScales scales{weights.has_record_scales, weights.has_minimum, record};
    prefetch_step(record);
    const std::uint8_t* packed_steps = record + weights.record_header_bytes;
    for (std::size_t end = group + weights.record_groups; group < end; ++group) {
      const I32x16 start = splat_word(-kWordOffset<kFormat> * x.sums[group]);
      I32x16 sums[kBlockPanels] = {start, start, start, start};
#pragma GCC unroll 8
      for (std::size_t step = 0; step < kGroupSteps<kFormat>; ++step) {
        prefetch_step(packed_steps);
        I32x16 packed[kBlockPanels];
#pragma GCC unroll 4
        for (std::size_t panel = 0; panel < kBlockPanels; ++panel)
          packed[panel] = load_i32(packed_steps + 64 * panel);
        dot_step<kFormat>(packed, words, sums);
        packed_steps += kStepBytes;
        words += kStepWords<kFormat>;
      }
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
        totals[panel] =
            add_group(totals[panel], sums[panel], scales, panel, x.scales[group], x.scaled_sums[group]);
      }
    }
    record += weights.record_bytes;
  }
  for (std::size_t panel = 0; panel < kBlockPanels; ++panel) result[panel] = totals[panel];
}

template <WeightFormat kFormat, std::size_t kIndex = 0>
AXLLAMA_INLINE void store_words(I32x16 packed, std::int32_t* out) {
  if constexpr (kIndex < kStepWords<kFormat>) {
    store_i32(out + kIndex * kBlockRows, weight_word<kFormat, kIndex>(packed));
    store_words<kFormat, kIndex + 1>(packed, out);
  }
}

/// Unpacks one group's steps to words [kGroupWords][64].
template <WeightFormat kFormat>
void unpack_words(const std::uint8_t* packed_steps, std::int32_t* tile) {
  for (std::size_t step = 0; step < kGroupSteps<kFormat>; ++step) {
    prefetch_step(packed_steps);
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      store_words<kFormat>(load_i32(packed_steps + 64 * panel), tile + kPanelRows * panel);
    }
    packed_steps += kStepBytes;
    tile += kStepWords<kFormat> * kBlockRows;
  }
}

/// Unpacked groups of one block, with where their scales are.
struct WordTile {
  alignas(64) std::int32_t words[kSliceGroups * kGroupWords * kBlockRows];
  GroupScales scales[kSliceGroups];
  std::size_t groups = 0;
};

struct DotOperands {
  const WordTile* tile;
  std::size_t first_panel;
  std::int32_t offset;
  QuantisedView x;  // advanced to the first row and group
  float* y;
  std::size_t y_stride;
  bool first;
};

/// kRows x kPanels integer sums in registers per group; the f32 totals stay in y.
template <std::size_t kPanels, std::size_t kRows>
AXLLAMA_INLINE void dot_registers(const DotOperands& o) {
  const std::int32_t* tile = o.tile->words + kPanelRows * o.first_panel;
  for (std::size_t group = 0; group < o.tile->groups; ++group) {
    I32x16 sums[kRows][kPanels];
#pragma GCC unroll 8
    for (std::size_t row = 0; row < kRows; ++row) {
      const I32x16 start = splat_word(-o.offset * o.x.sums[row * o.x.group_stride + group]);
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel) sums[row][panel] = start;
    }
    const std::int32_t* words = o.x.words + group * kGroupWords;
#pragma GCC unroll 1
    for (std::size_t word = 0; word < kGroupWords; ++word) {
      I32x16 weights[kPanels];
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel)
        weights[panel] = load_i32(tile + kPanelRows * panel);
#pragma GCC unroll 8
      for (std::size_t row = 0; row < kRows; ++row) {
        const I32x16 factor = splat_word(words[row * o.x.word_stride + word]);
#pragma GCC unroll 4
        for (std::size_t panel = 0; panel < kPanels; ++panel) {
          sums[row][panel] = dot(sums[row][panel], weights[panel], factor);
        }
      }
      tile += kBlockRows;
    }
#pragma GCC unroll 8
    for (std::size_t row = 0; row < kRows; ++row) {
      const std::size_t scale = row * o.x.group_stride + group;
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel) {
        float* out = o.y + row * o.y_stride + kPanelRows * panel;
        const F32x16 total = o.first && group == 0 ? splat(0) : load(out);
        store(out, add_group(total, sums[row][panel], o.tile->scales[group], o.first_panel + panel,
                             o.x.scales[scale], o.x.scaled_sums[scale]));
      }
    }
  }
}

template <std::size_t kPanels, std::size_t kRows>
void dot_rows(const DotOperands& o, std::size_t rows) {
  if (rows == kRows) {
    dot_registers<kPanels, kRows>(o);
  } else if constexpr (kRows > 1) {
    dot_rows<kPanels, kRows - 1>(o, rows);
  }
}

AXLLAMA_INLINE QuantisedView advance(QuantisedView x, std::size_t rows, std::size_t groups) {
  x.words += rows * x.word_stride + groups * kGroupWords;
  x.scales += rows * x.group_stride + groups;
  x.scaled_sums += rows * x.group_stride + groups;
  x.sums += rows * x.group_stride + groups;
  x.rows -= rows;
  return x;
}

void dot_tile(const WordTile& tile, std::int32_t offset, const QuantisedView& x, float* y,
              std::size_t y_stride, bool first) {
  for (std::size_t row = 0; row < x.rows; row += kTileRows) {
    const std::size_t rows = x.rows - row < kTileRows ? x.rows - row : kTileRows;
    for (std::size_t panel = 0; panel < kBlockPanels; panel += kTilePanels) {
      dot_rows<kTilePanels, kTileRows>({&tile, panel, offset, advance(x, row, 0),
                                        y + row * y_stride + kPanelRows * panel, y_stride, first},
                                       rows);
    }
  }
}

template <WeightFormat kFormat>
void dot_block(const WeightView& weights, std::size_t block, const QuantisedView& x, float* y,
               std::size_t y_stride) {
  const std::uint8_t* record = weights.blocks + block * weights.block_bytes;
  const float* scales = weights.row_scales == nullptr ? nullptr : weights.row_scales + block * kBlockRows;
  if (x.rows == 1) {
    F32x16 totals[kBlockPanels];
    dot_vector<kFormat>(weights, record, x, totals);
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      store(y + kPanelRows * panel, apply_scale(totals[panel], scales, panel));
    }
    return;
  }
  WordTile tile;
  const std::size_t groups = weights.records * weights.record_groups;
  for (std::size_t group = 0; group < groups; group += tile.groups) {
    tile.groups = groups - group < kSliceGroups ? groups - group : kSliceGroups;
    for (std::size_t i = 0; i < tile.groups; ++i) {
      const std::uint8_t* at = record + (group + i) / weights.record_groups * weights.record_bytes;
      tile.scales[i] = {weights.has_record_scales, weights.has_minimum, at};
      at += weights.record_header_bytes +
            (group + i) % weights.record_groups * kGroupSteps<kFormat> * kStepBytes;
      unpack_words<kFormat>(at, tile.words + i * kGroupWords * kBlockRows);
    }
    dot_tile(tile, kWordOffset<kFormat>, advance(x, 0, group), y, y_stride, group == 0);
  }
  if (scales == nullptr) return;
  for (std::size_t row = 0; row < x.rows; ++row) {
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      float* out = y + row * y_stride + kPanelRows * panel;
      store(out, apply_scale(load(out), scales, panel));
    }
  }
}

void project_block_integer(const WeightView& weights, std::size_t block, const QuantisedView& x, float* y,
                           std::size_t y_stride) {
  if (weights.format == WeightFormat::kS8) {
    dot_block<WeightFormat::kS8>(weights, block, x, y, y_stride);
  } else {
    dot_block<WeightFormat::kS4>(weights, block, x, y, y_stride);
  }
}

}  // namespace
}  // namespace axllama::softcard
