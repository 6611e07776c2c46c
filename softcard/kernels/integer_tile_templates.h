#pragma once

// Integer kernels for several rows of x over the 16-lane vectors of the simd_*.h header included before this
// one: the words of some groups are unpacked once for all rows. Unnamed namespace: each target's translation
// unit has its own copy.

#include "softcard/kernels/integer_templates.h"

namespace axllama::softcard {
namespace {

constexpr std::size_t kWordSliceGroups = 8;  // groups whose words are unpacked at a time: 16 KiB

/// Unpacked groups of one block: words [group][word][64], scales and minimums [group][part][64].
struct WordTile {
  alignas(64) std::int32_t words[kWordSliceGroups * kGroupWords * kBlockRows];
  alignas(64) float scales[kWordSliceGroups * 2 * kBlockRows];
  alignas(64) float minimums[kWordSliceGroups * kBlockRows];
};

template <WeightFormat kFormat, ScaleForm kForm>
void unpack_words(const WeightView& weights, std::size_t block, std::size_t first, std::size_t groups,
                  WordTile& tile) {
  const std::uint8_t* records = records_of(weights, block);
  for (std::size_t i = 0; i < groups; ++i) {
    const GroupPlace place = place_group(weights, records, first + i);
    for (std::size_t step = 0; step < weights.group_bytes; step += kStepBytes)
      prefetch_step(place.steps + step);
    for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
      const std::size_t column = kPanelRows * panel;
      store_words<kFormat, kBlockRows>(place.steps + 64 * panel,
                                       tile.words + i * kGroupWords * kBlockRows + column);
      if constexpr (kForm != ScaleForm::kRow) {
        for (std::size_t part = 0; part < kParts<kForm>; ++part) {
          store(tile.scales + (kParts<kForm> * i + part) * kBlockRows + column,
                load_scale<kForm>(place, panel, part));
        }
      }
      if constexpr (kHasMinimum<kForm>)
        store(tile.minimums + i * kBlockRows + column, load_minimum<kForm>(place, panel));
    }
  }
}

/// Operands of a register tile: pointers to its first panel, row and group.
struct DotOperands {
  const std::int32_t* words;
  const float* scales;
  const float* minimums;
  std::size_t groups;
  QuantisedView x;
  float* y;
  std::size_t y_stride;
  bool first;  // results start from 0
};

/// Adds the integer sums of one part of a group: kRows x kPanels in registers.
template <bool kSigned, std::size_t kWords, std::size_t kPanels, std::size_t kRows>
AXLLAMA_INLINE void dot_tile(const std::int32_t* words, const std::int8_t* values, std::size_t value_stride,
                             I32x16 (&sums)[kRows][kPanels]) {
  if constexpr (kHasPairedDot && kRows % 2 == 0) {
    for (std::size_t row = 0; row < kRows; row += 2) {
      const std::int8_t* x = values + row * value_stride;
      for (std::size_t panel = 0; panel < kPanels; ++panel) {
        paired_dot<kWords>(words + kPanelRows * panel, x, x + value_stride, sums[row][panel],
                           sums[row + 1][panel]);
      }
    }
    return;
  }
#pragma GCC unroll 8
  for (std::size_t word = 0; word < kWords; ++word) {
    I32x16 weights[kPanels];
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kPanels; ++panel)
      weights[panel] = pinned(load_i32(words + word * kBlockRows + kPanelRows * panel));
#pragma GCC unroll 4
    for (std::size_t row = 0; row < kRows; ++row) {
      const I32x16 factor = pinned(splat_word(load_word(values + row * value_stride + 4 * word)));
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel) {
        sums[row][panel] = dot<kSigned>(sums[row][panel], weights[panel], factor);
      }
    }
  }
}

/// kRows x kPanels integer sums, and the sums of 128 columns, in registers; the results stay in y.
template <ScaleForm kForm, std::int32_t kOffset, std::size_t kSpan, std::size_t kPanels, std::size_t kRows>
void dot_registers(const DotOperands& operands) {
  const DotOperands o = operands;
  constexpr bool kSigned = kForm != ScaleForm::kSuperHalves && !kHasMinimum<kForm> && kOffset == 0;
  for (std::size_t first = 0; first < o.groups; first += kScaleGroups) {
    const std::size_t end = o.groups - first < kScaleGroups ? o.groups : first + kScaleGroups;
    F32x16 partial[kRows][kPanels];
    I32x16 wide[kRows][kPanels];  // integer sums of several groups
#pragma GCC unroll 4
    for (std::size_t row = 0; row < kRows; ++row) {
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel) {
        partial[row][panel] = splat(0);
        wide[row][panel] = splat_word(0);
      }
    }
    for (std::size_t group = first; group < end; ++group) {
#pragma GCC unroll 2
      for (std::size_t part = 0; part < kParts<kForm>; ++part) {
        I32x16 sums[kRows][kPanels];
#pragma GCC unroll 4
        for (std::size_t row = 0; row < kRows; ++row) {
          const std::size_t sum = row * o.x.group_stride + group;
          const I32x16 start =
              offset_sum<kOffset>(kParts<kForm> == 2 ? o.x.half_sums + 2 * sum + part : o.x.group_sums + sum);
#pragma GCC unroll 4
          for (std::size_t panel = 0; panel < kPanels; ++panel) sums[row][panel] = start;
        }
        const std::size_t word = group * kGroupWords + part * kPartWords<kForm>;
        dot_tile<kSigned, kPartWords<kForm>>(o.words + word * kBlockRows, o.x.values + 4 * word,
                                             o.x.value_stride, sums);
#pragma GCC unroll 4
        for (std::size_t panel = 0; panel < kPanels; ++panel) {
          F32x16 scale = splat(0);
          if constexpr (kSpan == 1)
            scale = load(o.scales + (kParts<kForm> * group + part) * kBlockRows + kPanelRows * panel);
#pragma GCC unroll 4
          for (std::size_t row = 0; row < kRows; ++row) {
            if constexpr (kSpan != 1) {
              wide[row][panel] = add_i32(wide[row][panel], sums[row][panel]);
            } else {
              partial[row][panel] = add_sum<kForm>(partial[row][panel], sums[row][panel], scale);
            }
            if constexpr (kHasMinimum<kForm>) {
              const F32x16 negative = to_f32(splat_word(o.x.group_sums[row * o.x.group_stride + group]));
              const F32x16 minimum = load(o.minimums + group * kBlockRows + kPanelRows * panel);
              partial[row][panel] = fnma(minimum, negative, partial[row][panel]);
            }
          }
        }
      }
    }
    if constexpr (kSpan != 1) {
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel) {
        F32x16 scale = splat(0);
        if constexpr (kForm != ScaleForm::kRow)
          scale = load(o.scales + first * kBlockRows + kPanelRows * panel);
#pragma GCC unroll 4
        for (std::size_t row = 0; row < kRows; ++row)
          partial[row][panel] = add_sum<kForm>(partial[row][panel], wide[row][panel], scale);
      }
    }
#pragma GCC unroll 4
    for (std::size_t row = 0; row < kRows; ++row) {
      const F32x16 x_scale = splat(o.x.scales[row * o.x.scale_stride + first / kScaleGroups]);
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel) {
        float* out = o.y + row * o.y_stride + kPanelRows * panel;
        store(out, fma(partial[row][panel], x_scale, o.first && first == 0 ? splat(0) : load(out)));
      }
    }
  }
}

template <ScaleForm kForm, std::int32_t kOffset, std::size_t kSpan, std::size_t kPanels, std::size_t kRows>
void dot_rows(const DotOperands& o, std::size_t rows) {
  if (rows == kRows) {
    dot_registers<kForm, kOffset, kSpan, kPanels, kRows>(o);
  } else if constexpr (kRows > 1) {
    dot_rows<kForm, kOffset, kSpan, kPanels, kRows - 1>(o, rows);
  }
}

/// Skips rows, and groups, of which the number is a multiple of kScaleGroups.
AXLLAMA_INLINE QuantisedView advance(QuantisedView x, std::size_t rows, std::size_t groups) {
  x.values += rows * x.value_stride + groups * kGroupDepth;
  x.scales += rows * x.scale_stride + groups / kScaleGroups;
  x.group_sums += rows * x.group_stride + groups;
  x.half_sums += 2 * (rows * x.group_stride + groups);
  x.rows -= rows;
  return x;
}

template <WeightFormat kFormat, ScaleForm kForm, std::size_t kSpan>
void dot_block(const WeightView& weights, std::size_t block, const QuantisedView& x, float* y,
               std::size_t y_stride) {
  // All forms with a minimum compute alike; so do words of every width.
  constexpr ScaleForm kArithmetic = kHasMinimum<kForm> ? ScaleForm::kGroupMinimum : kForm;
  WordTile tile;
  for (std::size_t group = 0; group < weights.groups; group += kWordSliceGroups) {
    const std::size_t groups =
        weights.groups - group < kWordSliceGroups ? weights.groups - group : kWordSliceGroups;
    unpack_words<kFormat, kForm>(weights, block, group, groups, tile);
    for (std::size_t row = 0; row < x.rows; row += kDotRows) {
      const std::size_t rows = x.rows - row < kDotRows ? x.rows - row : kDotRows;
      for (std::size_t panel = 0; panel < kBlockPanels; panel += kTilePanels) {
        const std::size_t column = kPanelRows * panel;
        dot_rows<kArithmetic, kWordOffset<kFormat, kForm>, kSpan, kTilePanels, kDotRows>(
            {tile.words + column, tile.scales + column, tile.minimums + column, groups,
             advance(x, row, group), y + row * y_stride + column, y_stride, group == 0},
            rows);
      }
    }
  }
  if constexpr (kForm == ScaleForm::kRow) {
    for (std::size_t row = 0; row < x.rows; ++row) {
      for (std::size_t panel = 0; panel < kBlockPanels; ++panel) {
        float* out = y + row * y_stride + kPanelRows * panel;
        store(out, mul(load(out), load_row_scale(weights, block, panel)));
      }
    }
  }
}

void project_block_integer(const WeightView& weights, std::size_t block, const QuantisedView& x, float* y,
                           std::size_t y_stride) {
  for_kind(weights.kind, [&]<WeightFormat kFormat, ScaleForm kForm, std::size_t kSpan>() {
    if (x.rows == 1) {
      dot_vector<kFormat, kForm, kSpan>(weights, block, x, y);
    } else {
      dot_block<kFormat, kForm, kSpan>(weights, block, x, y, y_stride);
    }
  });
}

}  // namespace
}  // namespace axllama::softcard
