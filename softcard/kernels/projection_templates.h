#pragma once

// Matrix kernels over the 16-lane vectors of the simd_*.h header included before this one. Unnamed namespace:
// each target's translation unit has its own copy.

#include "softcard/kernels/kernel_table.h"

namespace axllama::softcard {
namespace {

constexpr std::size_t kBlockPanels = kBlockRows / kPanelRows;
constexpr std::size_t kPrefetchAhead = 16 * kStepBytes;
constexpr std::size_t kDepthSlice = 128;  // k values converted to f32 at a time: 32 KiB

template <WeightFormat kFormat>
constexpr std::size_t kStepDepth = kFormat == WeightFormat::kBf16 ? 2
                                   : kFormat == WeightFormat::kS8 ? 4
                                                                  : 8;

/// Lane i becomes row i's weight number kIndex of a packed step.
template <WeightFormat kFormat, std::size_t kIndex>
AXLLAMA_INLINE F32x16 weight(I32x16 packed) {
  if constexpr (kFormat == WeightFormat::kBf16) {
    if constexpr (kIndex == 0) return as_f32(shift_left<16>(packed));
    return as_f32(bit_and(packed, static_cast<std::int32_t>(0xFFFF0000U)));
  } else if constexpr (kFormat == WeightFormat::kS8) {
    if constexpr (kIndex == 3) return to_f32(shift_right_signed<24>(packed));
    return to_f32(shift_right_signed<24>(shift_left<24 - 8 * static_cast<int>(kIndex)>(packed)));
  } else {
    constexpr int kShift = 8 * static_cast<int>(kIndex % 4) + 4 * static_cast<int>(kIndex / 4);
    return to_f32(add(bit_and(shift_right<kShift>(packed), 15), -8));
  }
}

AXLLAMA_INLINE void prefetch_step(const std::uint8_t* p) {
  for (std::size_t line = 0; line < kStepBytes; line += 64)
    __builtin_prefetch(p + kPrefetchAhead + line, 0, 0);
}

template <WeightFormat kFormat, std::size_t kIndex>
AXLLAMA_INLINE void multiply_index(const I32x16 (&packed)[kBlockPanels], const float* x,
                                   F32x16 (&sums)[kBlockPanels]) {
  const F32x16 factor = splat(x[kIndex]);
#pragma GCC unroll 4
  for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
    sums[panel] = fma(weight<kFormat, kIndex>(packed[panel]), factor, sums[panel]);
  }
}

/// One row of x: streams the packed block once, 64 output rows in flight.
template <WeightFormat kFormat>
void multiply_vector(const std::uint8_t* block, std::size_t steps, const float* x,
                     F32x16 (&result)[kBlockPanels]) {
  F32x16 sums[kBlockPanels] = {splat(0), splat(0), splat(0), splat(0)};
  for (std::size_t step = 0; step < steps; ++step) {
    prefetch_step(block);
    I32x16 packed[kBlockPanels];
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) packed[panel] = load_i32(block + 64 * panel);
    multiply_index<kFormat, 0>(packed, x, sums);
    multiply_index<kFormat, 1>(packed, x, sums);
    if constexpr (kFormat == WeightFormat::kS8) {
      multiply_index<kFormat, 2>(packed, x, sums);
      multiply_index<kFormat, 3>(packed, x, sums);
    }
    block += kStepBytes;
    x += kStepDepth<kFormat>;
  }
  for (std::size_t panel = 0; panel < kBlockPanels; ++panel) result[panel] = sums[panel];
}

/// Converts one packed panel step to f32 columns of the tile.
template <WeightFormat kFormat, std::size_t kIndex = 0, typename Finish>
AXLLAMA_INLINE void unpack_panel(I32x16 packed, float* out, const Finish& finish) {
  if constexpr (kIndex < kStepDepth<kFormat>) {
    store(out + kIndex * kBlockRows, finish(weight<kFormat, kIndex>(packed)));
    unpack_panel<kFormat, kIndex + 1>(packed, out, finish);
  }
}

/// Converts packed steps to f32 [k][64].
template <WeightFormat kFormat>
void unpack(const std::uint8_t* packed_steps, std::size_t steps, float* tile) {
  for (std::size_t step = 0; step < steps; ++step) {
    prefetch_step(packed_steps);
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      unpack_panel<kFormat>(load_i32(packed_steps + 64 * panel), tile + kPanelRows * panel,
                            [](F32x16 value) { return value; });
    }
    packed_steps += kStepBytes;
    tile += kStepDepth<kFormat> * kBlockRows;
  }
}

/// The same for records that hold scales, which are applied: [k][64] of q * scale + minimum.
template <WeightFormat kFormat>
void unpack_records(const WeightView& weights, const std::uint8_t* record, std::size_t records, float* tile) {
  for (std::size_t i = 0; i < records; ++i) {
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      const std::uint8_t* halves = record + 2 * kPanelRows * panel;
      const F32x16 scale = load_f16(halves);
      const F32x16 minimum = weights.has_minimum ? load_f16(halves + 2 * kBlockRows) : splat(0);
      const std::uint8_t* packed = record + weights.record_header_bytes + 64 * panel;
      float* out = tile + kPanelRows * panel;
      for (std::size_t step = 0; step < weights.record_steps; ++step) {
        unpack_panel<kFormat>(load_i32(packed), out,
                              [&](F32x16 value) { return fma(value, scale, minimum); });
        packed += kStepBytes;
        out += kStepDepth<kFormat> * kBlockRows;
      }
    }
    record += weights.record_bytes;
    tile += weights.record_steps * kStepDepth<kFormat> * kBlockRows;
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
    while (left > 0) {
      multiply_rows<1, kTileRows>(o, rows);
      o.tile += kPanelRows;
      o.y += kPanelRows;
      --left;
    }
  }
}

AXLLAMA_INLINE F32x16 apply_scale(F32x16 sum, const float* scales, std::size_t panel) {
  return scales == nullptr ? sum : mul(sum, load(scales + kPanelRows * panel));
}

/// Weights whose records hold scales: through a tile of f32, for one row of x as for many.
template <WeightFormat kFormat>
void project_records(const WeightView& weights, std::size_t block, const ActivationView& x, float* y,
                     std::size_t y_stride) {
  const std::size_t record_depth = weights.record_groups * kGroupDepth;
  const std::size_t at_once = record_depth >= kDepthSlice ? 1 : kDepthSlice / record_depth;
  alignas(64) float tile[kDepthSlice * kBlockRows];
  const std::uint8_t* record = weights.blocks + block * weights.block_bytes;
  ActivationView slice = x;
  for (std::size_t i = 0; i < weights.records; i += at_once) {
    const std::size_t records = weights.records - i < at_once ? weights.records - i : at_once;
    unpack_records<kFormat>(weights, record, records, tile);
    multiply_tile(tile, kBlockRows, kBlockRows, records * record_depth, slice, y, y_stride, i == 0);
    record += records * weights.record_bytes;
    slice.data += records * record_depth;
  }
}

template <WeightFormat kFormat>
void project_block_as(const WeightView& weights, std::size_t block, const ActivationView& x, float* y,
                      std::size_t y_stride) {
  if (weights.has_record_scales) {
    project_records<kFormat>(weights, block, x, y, y_stride);
    return;
  }
  const std::uint8_t* packed = weights.blocks + block * weights.block_bytes;
  const std::size_t all_steps = weights.records * weights.record_steps;
  const float* scales = weights.row_scales == nullptr ? nullptr : weights.row_scales + block * kBlockRows;
  if constexpr (kFormat != WeightFormat::kS4) {
    if (x.rows == 1) {
      F32x16 sums[kBlockPanels];
      multiply_vector<kFormat>(packed, all_steps, x.data, sums);
      for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
        store(y + kPanelRows * panel, apply_scale(sums[panel], scales, panel));
      }
      return;
    }
  }
  constexpr std::size_t kSliceSteps = kDepthSlice / kStepDepth<kFormat>;
  alignas(64) float tile[kDepthSlice * kBlockRows];
  ActivationView slice = x;
  for (std::size_t step = 0; step < all_steps; step += kSliceSteps) {
    const std::size_t steps = all_steps - step < kSliceSteps ? all_steps - step : kSliceSteps;
    unpack<kFormat>(packed + step * kStepBytes, steps, tile);
    slice.data = x.data + step * kStepDepth<kFormat>;
    multiply_tile(tile, kBlockRows, kBlockRows, steps * kStepDepth<kFormat>, slice, y, y_stride, step == 0);
  }
  if (scales == nullptr) return;
  for (std::size_t row = 0; row < x.rows; ++row) {
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      float* out = y + row * y_stride + kPanelRows * panel;
      store(out, apply_scale(load(out), scales, panel));
    }
  }
}

void project_block(const WeightView& weights, std::size_t block, const ActivationView& x, float* y,
                   std::size_t y_stride) {
  switch (weights.format) {
    case WeightFormat::kBf16:
      return project_block_as<WeightFormat::kBf16>(weights, block, x, y, y_stride);
    case WeightFormat::kS8:
      return project_block_as<WeightFormat::kS8>(weights, block, x, y, y_stride);
    case WeightFormat::kS4:
      return project_block_as<WeightFormat::kS4>(weights, block, x, y, y_stride);
  }
}

}  // namespace
}  // namespace axllama::softcard
