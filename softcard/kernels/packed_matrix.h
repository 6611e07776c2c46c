#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "softcard/kernels/kernel_table.h"

namespace axllama::softcard {

/// A row-major projection [rows, columns] before packing; any alignment.
struct MatrixSource {
  WeightFormat format = WeightFormat::kBf16;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::span<const std::byte> data;      // bf16, s8, or two s4 per byte (q + 8, even column in the low half)
  std::size_t scale_group = 0;          // columns that share a scale; 0: one f32 scale per row, kept outside
  std::span<const std::byte> scales;    // f16 [rows, columns / scale_group]
  std::span<const std::byte> minimums;  // as scales, or empty
};

/// The packed form: blocks of 64 rows, each one linear stream of records (WeightView). A step holds, for each
/// of the 64 rows, the same 4 bytes: 2 bf16 or 4 s8 neighbours in k, or 8 s4 as q + 8 (k..k+3 in the low
/// halves, k+4..k+7 in the high halves of the bytes).
struct PackedLayout {
  WeightFormat format = WeightFormat::kBf16;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t scale_group = 0;
  bool has_minimum = false;

  static PackedLayout of(const MatrixSource& source) noexcept {
    return {source.format, source.rows, source.columns, source.scale_group, !source.minimums.empty()};
  }

  std::size_t step_depth() const noexcept;
  std::size_t blocks() const noexcept { return (rows + kBlockRows - 1) / kBlockRows; }
  std::size_t bytes() const noexcept { return blocks() * view(nullptr, nullptr).block_bytes; }
  /// Columns that kernels read of x: a multiple of 32.
  std::size_t padded_columns() const noexcept;
  /// `row_scales` is null unless the format is s8 with one scale per row.
  WeightView view(const std::byte* packed, const float* row_scales) const noexcept;
};

/// Packs one block to `packed`, the start of the whole packed matrix. Blocks may be packed by different
/// threads.
void pack_block(const MatrixSource& source, std::size_t block, std::byte* packed);

}  // namespace axllama::softcard
