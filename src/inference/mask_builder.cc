#include "inference/mask_builder.h"

#include <algorithm>

namespace axllama::inference {
namespace {

void show_first(std::span<base::Bf16> columns, std::size_t visible) {
  const auto border = columns.begin() + static_cast<std::ptrdiff_t>(visible);
  std::fill(columns.begin(), border, kVisible);
  std::fill(border, columns.end(), kHidden);
}

}  // namespace

void fill_decode_mask(std::span<base::Bf16> mask, std::size_t cached) {
  show_first(mask, cached);
  mask.back() = kVisible;
}

void fill_prefill_mask(std::span<base::Bf16> mask, std::size_t rows, std::size_t history, std::size_t cached,
                       std::size_t count) {
  const std::size_t columns = history + rows;
  for (std::size_t row = 0; row < count; ++row) {
    const std::span<base::Bf16> line = mask.subspan(row * columns, columns);
    show_first(line.first(history), cached);
    show_first(line.subspan(history), row + 1);
  }
  const std::span<base::Bf16> rest = mask.subspan(count * columns);
  std::fill(rest.begin(), rest.end(), kHidden);
}

}  // namespace axllama::inference
