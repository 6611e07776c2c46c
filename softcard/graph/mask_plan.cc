#include "softcard/graph/mask_plan.h"

#include <algorithm>
#include <limits>

#include "base/bfloat16.h"

namespace axllama::softcard {
namespace {

constexpr std::size_t kLanes = 16;

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
                   std::size_t rows_per_tile) {
  tiles_.reserve((rows + rows_per_tile - 1) / rows_per_tile);
  for (std::size_t row = 0; row < rows; row += rows_per_tile) {
    Tile tile = plan_tile(mask.data() + row * columns, std::min(rows_per_tile, rows - row), columns);
    tile.first_row = row;
    tiles_.push_back(std::move(tile));
  }
}

const MaskPlan& MaskPlanCache::plan(std::span<const std::uint16_t> mask, std::size_t rows,
                                    std::size_t columns, std::size_t rows_per_tile) {
  const std::span<const std::uint16_t> used = mask.first(rows * columns);
  if (!plan_ || columns_ != columns || rows_per_tile_ != rows_per_tile ||
      !std::equal(used.begin(), used.end(), mask_.begin(), mask_.end())) {
    mask_.assign(used.begin(), used.end());
    columns_ = columns;
    rows_per_tile_ = rows_per_tile;
    plan_.emplace(mask, rows, columns, rows_per_tile);
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
