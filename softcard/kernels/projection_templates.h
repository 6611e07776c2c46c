#pragma once

// Matrix kernels in f32 over the 16-lane vectors of the simd_*.h header included before this one. Unnamed
// namespace: each target's translation unit has its own copy.

#include "softcard/kernels/weight_words.h"

namespace axllama::softcard {
namespace {

constexpr std::size_t kSliceGroups = 4;  // groups of 32 converted to f32 at a time: 32 KiB

/// Float weights of a step.
template <WeightFormat kFormat>
constexpr std::size_t kStepDepth = kFormat == WeightFormat::kF32 ? 1 : 2;

/// Lane i becomes row i's float weight number kIndex of a packed step.
template <WeightFormat kFormat, std::size_t kIndex>
AXLLAMA_INLINE F32x16 float_weight(I32x16 packed) {
  if constexpr (kFormat == WeightFormat::kF32) {
    return as_f32(packed);
  } else if constexpr (kFormat == WeightFormat::kF16) {
    return low_half_to_f32(move_bits<16 * static_cast<int>(kIndex), 0>(packed));
  } else {
    if constexpr (kIndex == 0) return as_f32(shift_left<16>(packed));
    return as_f32(bit_and(packed, static_cast<std::int32_t>(0xFFFF0000U)));
  }
}

template <WeightFormat kFormat, std::size_t kIndex>
AXLLAMA_INLINE void multiply_index(const I32x16 (&packed)[kBlockPanels], const float* x,
                                   F32x16 (&sums)[kBlockPanels]) {
  const F32x16 factor = splat(x[kIndex]);
#pragma GCC unroll 4
  for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
    sums[panel] = fma(float_weight<kFormat, kIndex>(packed[panel]), factor, sums[panel]);
  }
}

/// One row of x: streams the packed block once, 64 output rows in flight.
template <WeightFormat kFormat>
void multiply_vector(const std::uint8_t* block, std::size_t depth, const float* x, float* y) {
  F32x16 sums[kBlockPanels] = {splat(0), splat(0), splat(0), splat(0)};
  for (std::size_t k = 0; k < depth; k += kStepDepth<kFormat>) {
    prefetch_step(block);
    I32x16 packed[kBlockPanels];
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) packed[panel] = load_i32(block + 64 * panel);
    multiply_index<kFormat, 0>(packed, x + k, sums);
    if constexpr (kStepDepth<kFormat> > 1) multiply_index<kFormat, 1>(packed, x + k, sums);
    block += kStepBytes;
  }
  for (std::size_t panel = 0; panel < kBlockPanels; ++panel) store(y + kPanelRows * panel, sums[panel]);
}

/// Converts groups of a block of floats to f32 [k][64].
template <WeightFormat kFormat>
void unpack_floats(const std::uint8_t* steps, std::size_t groups, float* tile) {
  for (std::size_t k = 0; k < groups * kGroupDepth; k += kStepDepth<kFormat>) {
    prefetch_step(steps);
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      const I32x16 packed = load_i32(steps + 64 * panel);
      float* out = tile + k * kBlockRows + kPanelRows * panel;
      store(out, float_weight<kFormat, 0>(packed));
      if constexpr (kStepDepth<kFormat> > 1) store(out + kBlockRows, float_weight<kFormat, 1>(packed));
    }
    steps += kStepBytes;
  }
}

/// Weight kByte of a word, q - zero.
template <WeightFormat kFormat, ScaleForm kForm, int kByte>
AXLLAMA_INLINE F32x16 word_weight(I32x16 word) {
  constexpr std::int32_t kOffset = kWordOffset<kFormat, kForm>;
  if constexpr (kFormat == WeightFormat::kS8 && kOffset == 0) {
    return to_f32(shift_right_signed<24>(move_bits<8 * kByte, 24>(word)));
  }
  return to_f32(add(bit_and(move_bits<8 * kByte, 0>(word), 0xFF), -kOffset));
}

/// The same, scaled unless the scale is the row's.
template <WeightFormat kFormat, ScaleForm kForm, int kByte>
AXLLAMA_INLINE void store_weight(I32x16 word, F32x16 scale, F32x16 minimum, float* out) {
  F32x16 value = word_weight<kFormat, kForm, kByte>(word);
  if constexpr (kHasMinimum<kForm>) {
    value = fma(value, scale, minimum);
  } else if constexpr (kForm != ScaleForm::kRow) {
    value = mul(value, scale);
  }
  store(out + kByte * kBlockRows, value);
}

/// Converts one panel of a group of integers to f32 columns of the tile.
template <WeightFormat kFormat, ScaleForm kForm>
void unpack_panel(const GroupPlace& place, std::size_t panel, float* out) {
  alignas(64) std::int32_t words[kGroupWords * kPanelRows];
  store_words<kFormat, kPanelRows>(place.steps + 64 * panel, words);
  F32x16 minimum = splat(0);
  if constexpr (kHasMinimum<kForm>) minimum = load_minimum<kForm>(place, panel);
  for (std::size_t i = 0; i < kGroupWords; ++i) {
    F32x16 scale = splat(0);
    if constexpr (kForm != ScaleForm::kRow) scale = load_scale<kForm>(place, panel, i / (kGroupWords / 2));
    const I32x16 word = load_i32(words + i * kPanelRows);
    float* columns = out + 4 * i * kBlockRows;
    store_weight<kFormat, kForm, 0>(word, scale, minimum, columns);
    store_weight<kFormat, kForm, 1>(word, scale, minimum, columns);
    store_weight<kFormat, kForm, 2>(word, scale, minimum, columns);
    store_weight<kFormat, kForm, 3>(word, scale, minimum, columns);
  }
}

/// kRows x (kPanels * 16) sums in registers; adds depth products to each, in ascending k.
template <std::size_t kPanels, std::size_t kRows>
AXLLAMA_INLINE void multiply_registers(const float* tile, std::size_t tile_stride, std::size_t depth,
                                       const float* x, std::size_t x_stride, float* y, std::size_t y_stride,
                                       bool first) {
  F32x16 sums[kRows][kPanels];
#pragma GCC unroll 8
  for (std::size_t row = 0; row < kRows; ++row) {
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kPanels; ++panel) {
      sums[row][panel] = first ? splat(0) : load(y + row * y_stride + kPanelRows * panel);
    }
  }
  for (std::size_t k = 0; k < depth; ++k) {
    F32x16 weights[kPanels];
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kPanels; ++panel) weights[panel] = load(tile + kPanelRows * panel);
#pragma GCC unroll 8
    for (std::size_t row = 0; row < kRows; ++row) {
      const F32x16 factor = splat(x[row * x_stride + k]);
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel) {
        sums[row][panel] = fma(weights[panel], factor, sums[row][panel]);
      }
    }
    tile += tile_stride;
  }
#pragma GCC unroll 8
  for (std::size_t row = 0; row < kRows; ++row) {
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kPanels; ++panel) {
      store(y + row * y_stride + kPanelRows * panel, sums[row][panel]);
    }
  }
}

struct TileOperands {
  const float* tile;
  std::size_t tile_stride;
  std::size_t depth;
  const float* x;
  std::size_t x_stride;
  float* y;
  std::size_t y_stride;
  bool first;
};

/// As multiply_registers for 1..kRows rows.
template <std::size_t kPanels, std::size_t kRows>
void multiply_rows(const TileOperands& o, std::size_t rows) {
  if (rows == kRows) {
    multiply_registers<kPanels, kRows>(o.tile, o.tile_stride, o.depth, o.x, o.x_stride, o.y, o.y_stride,
                                       o.first);
  } else if constexpr (kRows > 1) {
    multiply_rows<kPanels, kRows - 1>(o, rows);
  }
}

/// As multiply_rows for the last 0..kMost panels.
template <std::size_t kMost>
void multiply_last_panels(const TileOperands& o, std::size_t rows, std::size_t panels) {
  if constexpr (kMost > 0) {
    if (panels == kMost) return multiply_rows<kMost, kTileRows>(o, rows);
    multiply_last_panels<kMost - 1>(o, rows, panels);
  }
}

void multiply_tile(const float* tile, std::size_t tile_stride, std::size_t columns, std::size_t depth,
                   const ActivationView& x, float* y, std::size_t y_stride, bool first) {
  for (std::size_t row = 0; row < x.rows; row += kTileRows) {
    const std::size_t rows = x.rows - row < kTileRows ? x.rows - row : kTileRows;
    TileOperands o{tile,     tile_stride,        depth,    x.data + row * x.stride,
                   x.stride, y + row * y_stride, y_stride, first};
    std::size_t left = columns / kPanelRows;
    while (left >= kTilePanels) {
      multiply_rows<kTilePanels, kTileRows>(o, rows);
      o.tile += kTilePanels * kPanelRows;
      o.y += kTilePanels * kPanelRows;
      left -= kTilePanels;
    }
    multiply_last_panels<kTilePanels - 1>(o, rows, left);
  }
}

void unpack_slice(const WeightView& weights, std::size_t block, std::size_t first, std::size_t groups,
                  float* tile) {
  const std::uint8_t* records = records_of(weights, block);
  const std::uint8_t* steps = records + first * weights.group_bytes;
  switch (weights.kind.format) {
    case WeightFormat::kF32:
      return unpack_floats<WeightFormat::kF32>(steps, groups, tile);
    case WeightFormat::kF16:
      return unpack_floats<WeightFormat::kF16>(steps, groups, tile);
    case WeightFormat::kBf16:
      return unpack_floats<WeightFormat::kBf16>(steps, groups, tile);
    default:
      break;
  }
  for_kind(weights.kind, [&]<WeightFormat kFormat, ScaleForm kForm, std::size_t>() {
    for (std::size_t i = 0; i < groups; ++i) {
      const GroupPlace place = place_group(weights, records, first + i);
      for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
        unpack_panel<kFormat, kForm>(place, panel, tile + i * kGroupDepth * kBlockRows + kPanelRows * panel);
      }
    }
  });
}

void project_block(const WeightView& weights, std::size_t block, const ActivationView& x, float* y,
                   std::size_t y_stride) {
  if (x.rows == 1 && weights.kind.is_float()) {
    const std::uint8_t* steps = records_of(weights, block);
    const std::size_t depth = weights.groups * kGroupDepth;
    if (weights.kind.format == WeightFormat::kBf16)
      return multiply_vector<WeightFormat::kBf16>(steps, depth, x.data, y);
    if (weights.kind.format == WeightFormat::kF16)
      return multiply_vector<WeightFormat::kF16>(steps, depth, x.data, y);
    return multiply_vector<WeightFormat::kF32>(steps, depth, x.data, y);
  }
  alignas(64) float tile[kSliceGroups * kGroupDepth * kBlockRows];
  ActivationView slice = x;
  for (std::size_t group = 0; group < weights.groups; group += kSliceGroups) {
    const std::size_t groups = weights.groups - group < kSliceGroups ? weights.groups - group : kSliceGroups;
    unpack_slice(weights, block, group, groups, tile);
    slice.data = x.data + group * kGroupDepth;
    multiply_tile(tile, kBlockRows, kBlockRows, groups * kGroupDepth, slice, y, y_stride, group == 0);
  }
  if (weights.kind.scales != ScaleForm::kRow) return;
  for (std::size_t row = 0; row < x.rows; ++row) {
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      float* out = y + row * y_stride + kPanelRows * panel;
      store(out, mul(load(out), load_row_scale(weights, block, panel)));
    }
  }
}

}  // namespace
}  // namespace axllama::softcard
