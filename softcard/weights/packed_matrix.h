#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "softcard/weights/weight_kind.h"

namespace axllama::softcard {

/// Output rows per block of a packed matrix, and per panel (one vector of 16 lanes) inside a block.
inline constexpr std::size_t kBlockRows = 64;
inline constexpr std::size_t kPanelRows = 16;
/// Bytes of one step: 64 rows of 4 bytes.
inline constexpr std::size_t kStepBytes = kBlockRows * 4;
/// Columns per group of steps; in integer arithmetic they share an activation scale.
inline constexpr std::size_t kGroupDepth = 32;

/// A packed [out, in] matrix as kernels see it, the same on every processor, so that it can be stored: blocks
/// of 64 rows, each one linear stream.
///
///   block   [64 f32 row scales, kRow only] records
///   record  header, then the groups of 32 columns that share it
///   header  kGroup         [64 f16 scales]
///           kGroupMinimum  [64 f16 scales][64 f16 minimums]
///           kSuperMinimum  [64 f16 s][64 f16 m][8][64 u8 a][8][64 u8 b]
///           kSuperHalves   [64 f16 s][16][64 s8 a]
///   group   steps of 256 bytes; a step holds 4 bytes of each row: 1 f32, 2 f16, 2 bf16 or 4 s8 neighbours,
///   or 8
///           u4 (columns 0..3 in the low halves of the bytes, 4..7 in the high halves). After the four u4
///           steps, u5 has a step with the fifth bits, that of column 4 w + j at bit 8 j + w of the row's
///           word; u6 has two steps with bits five and six, those of column 16 p + 4 w + j at bit 8 j + 2 w
///           of step p.
///
/// Rows and columns beyond the real ones are zero weights.
struct WeightView {
  WeightKind kind;
  const std::uint8_t* blocks = nullptr;
  std::size_t block_bytes = 0;
  std::size_t block_header_bytes = 0;
  std::size_t groups = 0;  // of 32 columns, per block
  std::size_t record_bytes = 0;
  std::size_t record_header_bytes = 0;
  std::size_t record_groups = 0;  // a power of two
  std::size_t group_bytes = 0;
};

/// Kind and size of a matrix; measures its packed form.
struct PackedLayout {
  WeightKind kind;
  std::size_t rows = 0;
  std::size_t columns = 0;

  std::size_t blocks() const noexcept { return (rows + kBlockRows - 1) / kBlockRows; }
  std::size_t block_bytes() const noexcept { return view(nullptr).block_bytes; }
  std::size_t bytes() const noexcept { return blocks() * block_bytes(); }
  WeightView view(const std::byte* packed) const noexcept;
};

/// Up to 64 rows before packing, row-major. What a kind does not have stays empty.
struct BlockSource {
  std::vector<std::byte> values;              // [rows, columns] f32, f16, bf16, or one byte q
  std::vector<float> row_scales;              // [rows]
  std::vector<std::uint16_t> scales;          // f16 [rows, columns / group, rounded up]
  std::vector<std::uint16_t> minimums;        // the same; for kSuperMinimum they are subtracted
  std::vector<std::uint8_t> factors;          // [rows, columns / factor group]
  std::vector<std::uint8_t> minimum_factors;  // the same
};

/// Packs `rows` rows into one block of layout.block_bytes() bytes.
void pack_block(const PackedLayout& layout, const BlockSource& source, std::size_t rows,
                std::span<std::byte> block);

}  // namespace axllama::softcard
