#include "softcard/graph/top_logits.h"

#include <algorithm>
#include <functional>

namespace axllama::softcard {
namespace {

constexpr std::uint64_t kIndexMask = 0xFFFFFFFFU;

/// Grows with the logit, and among equals with a falling index.
std::uint64_t order_key(std::uint16_t bits, std::size_t index) noexcept {
  constexpr std::uint32_t kSign = 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFU;
  std::uint32_t key = (bits & kSign) != 0 && magnitude != 0 ? kSign - magnitude : kSign + magnitude;
  if (magnitude > 0x7F80U) {
    key = 0xFFFFU;
  }
  return std::uint64_t{key} << 32U | (kIndexMask - index);
}

}  // namespace

void TopLogits::find(std::span<const std::uint16_t> row, std::span<std::int32_t> indices,
                     std::span<std::uint16_t> values) {
  const std::size_t count = indices.size();
  best_.clear();
  for (std::size_t i = 0; i < count; ++i) {
    best_.push_back(order_key(row[i], i));
  }
  std::make_heap(best_.begin(), best_.end(), std::greater<>());
  for (std::size_t i = count; i < row.size(); ++i) {
    const std::uint64_t key = order_key(row[i], i);
    if (key > best_.front()) {
      std::pop_heap(best_.begin(), best_.end(), std::greater<>());
      best_.back() = key;
      std::push_heap(best_.begin(), best_.end(), std::greater<>());
    }
  }
  std::sort_heap(best_.begin(), best_.end(), std::greater<>());  // largest first
  for (std::size_t i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(kIndexMask - (best_[i] & kIndexMask));
    indices[i] = static_cast<std::int32_t>(index);
    values[i] = row[index];
  }
}

}  // namespace axllama::softcard
