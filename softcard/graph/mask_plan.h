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

/// How far the rows of a layer look back. Column c below `history` holds the key of position c, column
/// history + r that of row r.
struct LookBack {
  std::size_t window = 0;  // keys that a row sees at most, its own included; 0: all
  std::size_t history = 0;
  std::vector<std::uint32_t> positions;  // of the rows; empty without a window

  /// Whether row `row` sees nothing of `column` for its distance alone. Only with a window.
  bool is_behind(std::size_t row, std::size_t column) const noexcept {
    const std::size_t key = column < history ? column : positions[column - history];
    return key + window <= positions[row];
  }
  bool operator==(const LookBack&) const = default;
};

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

  /// `mask` is bf16 [rows, columns]; what lies behind a row's window is hidden whatever it says.
  MaskPlan(std::span<const std::uint16_t> mask, std::size_t rows, std::size_t columns,
           std::size_t rows_per_tile, const LookBack& look_back = {});

  const std::vector<Tile>& tiles() const noexcept { return tiles_; }

 private:
  std::vector<Tile> tiles_;
};

/// Keeps the plan of the last mask: all layers of a model are shown the same one, one after the other. Layers
/// with a window need a cache of their own, as they stand between layers without.
class MaskPlanCache {
 public:
  /// Valid until the next call.
  const MaskPlan& plan(std::span<const std::uint16_t> mask, std::size_t rows, std::size_t columns,
                       std::size_t rows_per_tile, const LookBack& look_back = {});

 private:
  std::vector<std::uint16_t> mask_;
  LookBack look_back_;
  std::size_t columns_ = 0;
  std::size_t rows_per_tile_ = 0;
  std::optional<MaskPlan> plan_;
};

/// Number of rows up to the last one that sees anything, at least 1.
std::size_t count_active_rows(std::span<const std::uint16_t> mask, std::size_t rows,
                              std::size_t columns) noexcept;

}  // namespace axllama::softcard
