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

/// Brings the weights of the slice after this one, which may be the next block's, from memory while the rows
/// are multiplied with this one: a part of it for each tile of rows.
class SlicePrefetch {
 public:
  /// `next` is the slice's first group, `parts` the number of calls to come.
  AXLLAMA_INLINE SlicePrefetch(const WeightView& weights, std::size_t block, std::size_t next,
                               std::size_t parts) {
    const std::size_t record = next / weights.record_groups * weights.record_bytes;
    const std::size_t group = next % weights.record_groups * weights.group_bytes;
    next_ = records_of(weights, block) + record + group;
    const std::size_t records = kWordSliceGroups / weights.record_groups + 1;
    const std::size_t bytes = kWordSliceGroups * weights.group_bytes + records * weights.record_header_bytes;
    part_bytes_ = (bytes / parts + kLine - 1) / kLine * kLine;
  }
  AXLLAMA_INLINE void fetch_part() {
    for (const std::uint8_t* end = next_ + part_bytes_; next_ < end; next_ += kLine)
      __builtin_prefetch(next_, 0, 2);
  }

 private:
  static constexpr std::size_t kLine = 64;

  const std::uint8_t* next_;
  std::size_t part_bytes_;
};

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
#pragma GCC unroll 8
    for (std::size_t row = 0; row < kRows; ++row) {
      const I32x16 factor = pinned(splat_word(load_word(values + row * value_stride + 4 * word)));
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel) {
        sums[row][panel] = dot<kSigned>(sums[row][panel], weights[panel], factor);
      }
    }
  }
}

/// Adds the sums of 128 columns to the results in y.
template <std::size_t kPanels, std::size_t kRows>
AXLLAMA_INLINE void add_to_results(const DotOperands& o, std::size_t first,
                                   const F32x16 (&partial)[kRows][kPanels]) {
#pragma GCC unroll 8
  for (std::size_t row = 0; row < kRows; ++row) {
    const F32x16 x_scale = splat(o.x.scales[row * o.x.scale_stride + first / kScaleGroups]);
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kPanels; ++panel) {
      float* out = o.y + row * o.y_stride + kPanelRows * panel;
      store(out, fma(partial[row][panel], x_scale, o.first && first == 0 ? splat(0) : load(out)));
    }
  }
}

/// The sum of 1..kScaleGroups values; written out, as GCC makes a loop that is far longer.
AXLLAMA_INLINE std::int32_t sum_groups(const std::int32_t* sums, std::size_t groups) {
  static_assert(kScaleGroups == 4);
  std::int32_t total = sums[0];
  if (groups > 1) total += sums[1];
  if (groups > 2) total += sums[2];
  if (groups > 3) total += sums[3];
  return total;
}

/// Weights with one scale for all columns that share an activation scale: kRows x kPanels integer sums over
/// those 128 columns in registers; the results stay in y.
template <ScaleForm kForm, std::int32_t kOffset, std::size_t kPanels, std::size_t kRows>
void dot_wide_registers(const DotOperands& operands) {
  const DotOperands o = operands;
  constexpr bool kSigned = kOffset == 0;
  for (std::size_t first = 0; first < o.groups; first += kScaleGroups) {
    const std::size_t end = o.groups - first < kScaleGroups ? o.groups : first + kScaleGroups;
    I32x16 sums[kRows][kPanels];
#pragma GCC unroll 8
    for (std::size_t row = 0; row < kRows; ++row) {
      const std::int32_t negative = sum_groups(o.x.group_sums + row * o.x.group_stride + first, end - first);
      const I32x16 start = offset_sum<kOffset>(&negative);
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel) sums[row][panel] = start;
    }
    for (std::size_t group = first; group < end; ++group) {
      dot_tile<kSigned, kGroupWords>(o.words + group * kGroupWords * kBlockRows,
                                     o.x.values + group * kGroupDepth, o.x.value_stride, sums);
    }
    F32x16 partial[kRows][kPanels];
#pragma GCC unroll 4
    for (std::size_t panel = 0; panel < kPanels; ++panel) {
      F32x16 scale = splat(0);
      if constexpr (kForm != ScaleForm::kRow)
        scale = load(o.scales + first * kBlockRows + kPanelRows * panel);
#pragma GCC unroll 8
      for (std::size_t row = 0; row < kRows; ++row)
        partial[row][panel] = add_sum<kForm>(splat(0), sums[row][panel], scale);
    }
    add_to_results<kPanels, kRows>(o, first, partial);
  }
}

/// The same for weights with a scale for each group or half of it: kRows x kPanels integer sums of a group,
/// and the sums of 128 columns, in registers.
template <ScaleForm kForm, std::int32_t kOffset, std::size_t kPanels, std::size_t kRows>
void dot_group_registers(const DotOperands& operands) {
  const DotOperands o = operands;
  constexpr bool kSigned = kForm != ScaleForm::kSuperHalves && !kHasMinimum<kForm> && kOffset == 0;
  for (std::size_t first = 0; first < o.groups; first += kScaleGroups) {
    const std::size_t end = o.groups - first < kScaleGroups ? o.groups : first + kScaleGroups;
    F32x16 partial[kRows][kPanels];
#pragma GCC unroll 4
    for (std::size_t row = 0; row < kRows; ++row) {
#pragma GCC unroll 4
      for (std::size_t panel = 0; panel < kPanels; ++panel) partial[row][panel] = splat(0);
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
          const F32x16 scale =
              load(o.scales + (kParts<kForm> * group + part) * kBlockRows + kPanelRows * panel);
#pragma GCC unroll 4
          for (std::size_t row = 0; row < kRows; ++row) {
            partial[row][panel] = add_sum<kForm>(partial[row][panel], sums[row][panel], scale);
            if constexpr (kHasMinimum<kForm>) {
              const F32x16 negative = to_f32(splat_word(o.x.group_sums[row * o.x.group_stride + group]));
              const F32x16 minimum = load(o.minimums + group * kBlockRows + kPanelRows * panel);
              partial[row][panel] = fnma(minimum, negative, partial[row][panel]);
            }
          }
        }
      }
    }
    add_to_results<kPanels, kRows>(o, first, partial);
  }
}

/// As the two above for 1..kRows rows.
template <ScaleForm kForm, std::int32_t kOffset, std::size_t kSpan, std::size_t kPanels, std::size_t kRows>
void dot_rows(const DotOperands& o, std::size_t rows) {
  if (rows == kRows) {
    if constexpr (kSpan == 1) {
      dot_group_registers<kForm, kOffset, kPanels, kRows>(o);
    } else {
      dot_wide_registers<kForm, kOffset, kPanels, kRows>(o);
    }
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
  constexpr std::size_t kRows = kSpan == 1 ? kDotRows : kWideDotRows;
  WordTile tile;
  for (std::size_t group = 0; group < weights.groups; group += kWordSliceGroups) {
    const std::size_t groups =
        weights.groups - group < kWordSliceGroups ? weights.groups - group : kWordSliceGroups;
    unpack_words<kFormat, kForm>(weights, block, group, groups, tile);
    SlicePrefetch ahead(weights, block, group + groups, (x.rows + kRows - 1) / kRows);
    for (std::size_t row = 0; row < x.rows; row += kRows) {
      const std::size_t rows = x.rows - row < kRows ? x.rows - row : kRows;
      ahead.fetch_part();
      for (std::size_t panel = 0; panel < kBlockPanels; panel += kTilePanels) {
        const std::size_t column = kPanelRows * panel;
        dot_rows<kArithmetic, kWordOffset<kFormat, kForm>, kSpan, kTilePanels, kRows>(
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
