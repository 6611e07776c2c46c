#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace axllama::softcard {

/// Mask values at or below bf16(-1e4), down to -infinity, hide a column.
inline bool hides(std::uint16_t mask_bits) noexcept {
  constexpr std::uint16_t kFirstHiding = 0xC61C;  // -9984
  constexpr std::uint16_t kInfinity = 0xFF80;     // beyond are NaN
  return static_cast<std::uint16_t>(mask_bits - kFirstHiding) <= kInfinity - kFirstHiding;
}

/// Which columns each tile of rows looks at: those that at least one of its rows sees, in ascending order,
/// with the additive mask gathered beside them. Columns that no row of the tile sees are left out, so that
/// they cost nothing and cannot change the result.
class MaskPlan {
 public:
  struct Tile {
    std::size_t first_row = 0;
    std::size_t rows = 0;
    std::vector<std::uint32_t> columns;
    std::size_t mask_stride = 0;  // columns.size() rounded up to 16
    std::vector<float> mask;      // [rows, mask_stride], -infinity where hidden and beyond the columns
    std::vector<std::uint32_t> row_ends;  // [rows], number of columns up to the last that the row sees
  };

  /// `mask` is bf16 [rows, columns].
  MaskPlan(std::span<const std::uint16_t> mask, std::size_t rows, std::size_t columns,
           std::size_t rows_per_tile);

  const std::vector<Tile>& tiles() const noexcept { return tiles_; }

 private:
  std::vector<Tile> tiles_;
};

/// Keeps the plan of the last mask: all layers of a model are shown the same one, one after the other.
class MaskPlanCache {
 public:
  /// Valid until the next call.
  const MaskPlan& plan(std::span<const std::uint16_t> mask, std::size_t rows, std::size_t columns,
                       std::size_t rows_per_tile);

 private:
  std::vector<std::uint16_t> mask_;
  std::size_t columns_ = 0;
  std::size_t rows_per_tile_ = 0;
  std::optional<MaskPlan> plan_;
};

/// Number of rows up to the last one that sees anything, at least 1.
std::size_t count_active_rows(std::span<const std::uint16_t> mask, std::size_t rows,
                              std::size_t columns) noexcept;

}  // namespace axllama::softcard
