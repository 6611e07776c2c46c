#include "softcard/graph/mask_plan.h"

#include <algorithm>
#include <limits>

#include "base/bfloat16.h"

namespace axllama::softcard {
namespace {

constexpr std::size_t kLanes = 16;

/// `mask` with what lies behind the rows' window hidden.
std::vector<std::uint16_t> with_window(std::span<const std::uint16_t> mask, std::size_t rows,
                                       std::size_t columns, const LookBack& look_back) {
  constexpr std::uint16_t kMinusInfinity = 0xFF80;
  std::vector<std::uint16_t> hidden(mask.begin(), mask.begin() + static_cast<std::ptrdiff_t>(rows * columns));
  // Rows behind the last that computes have no position, and no row sees them.
  const std::size_t known = std::min(columns, look_back.history + look_back.positions.size());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < known; ++column) {
      if (look_back.is_behind(row, column)) hidden[row * columns + column] = kMinusInfinity;
    }
  }
  return hidden;
}

MaskPlan::Tile plan_tile(const std::uint16_t* mask, std::size_t rows, std::size_t columns) {
  std::vector<std::uint8_t> seen(columns, 0);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint16_t* values = mask + row * columns;
    for (std::size_t column = 0; column < columns; ++column) {
      seen[column] = static_cast<std::uint8_t>(seen[column] | (hides(values[column]) ? 0U : 1U));
    }
  }
  MaskPlan::Tile tile;
  tile.rows = rows;
  tile.columns.reserve(columns);
  for (std::size_t column = 0; column < columns; ++column) {
    if (seen[column] != 0) tile.columns.push_back(static_cast<std::uint32_t>(column));
  }
  constexpr float kHidden = -std::numeric_limits<float>::infinity();
  tile.mask_stride = (tile.columns.size() + kLanes - 1) / kLanes * kLanes;
  tile.row_ends.assign(rows, 0);
  tile.mask.assign(rows * tile.mask_stride, kHidden);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint16_t* values = mask + row * columns;
    float* out = tile.mask.data() + row * tile.mask_stride;
    for (std::size_t j = 0; j < tile.columns.size(); ++j) {
      const std::uint16_t value = values[tile.columns[j]];
      const bool hidden = hides(value);
      out[j] = hidden ? kHidden : base::bf16_to_f32(value);
      if (!hidden) tile.row_ends[row] = static_cast<std::uint32_t>(j + 1);
    }
  }
  return tile;
}

}  // namespace

MaskPlan::MaskPlan(std::span<const std::uint16_t> mask, std::size_t rows, std::size_t columns,
                   std::size_t rows_per_tile, const LookBack& look_back) {
  std::vector<std::uint16_t> windowed;
  if (look_back.window != 0) {
    windowed = with_window(mask, rows, columns, look_back);
    mask = windowed;
  }
  tiles_.reserve((rows + rows_per_tile - 1) / rows_per_tile);
  for (std::size_t row = 0; row < rows; row += rows_per_tile) {
    Tile tile = plan_tile(mask.data() + row * columns, std::min(rows_per_tile, rows - row), columns);
    tile.first_row = row;
    tiles_.push_back(std::move(tile));
  }
}

const MaskPlan& MaskPlanCache::plan(std::span<const std::uint16_t> mask, std::size_t rows,
                                    std::size_t columns, std::size_t rows_per_tile,
                                    const LookBack& look_back) {
  const std::span<const std::uint16_t> used = mask.first(rows * columns);
  if (!plan_ || columns_ != columns || rows_per_tile_ != rows_per_tile || look_back_ != look_back ||
      !std::equal(used.begin(), used.end(), mask_.begin(), mask_.end())) {
    mask_.assign(used.begin(), used.end());
    columns_ = columns;
    rows_per_tile_ = rows_per_tile;
    look_back_ = look_back;
    plan_.emplace(mask, rows, columns, rows_per_tile, look_back);
  }
  return *plan_;
}

std::size_t count_active_rows(std::span<const std::uint16_t> mask, std::size_t rows,
                              std::size_t columns) noexcept {
  while (rows > 1) {
    const std::span<const std::uint16_t> last = mask.subspan((rows - 1) * columns, columns);
    if (!std::all_of(last.begin(), last.end(), hides)) break;
    --rows;
  }
  return rows;
}

}  // namespace axllama::softcard
