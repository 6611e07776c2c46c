#include "inference/kv_cache.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace axllama::inference {

KvCache::KvCache(axcl::Card& card, const KvCacheShape& shape) : card_(card), shape_(shape) {
  tokens_.reserve(shape.context);
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    keys_.emplace_back(card, shape.slots * shape.row_bytes);
    values_.emplace_back(card, shape.slots * shape.row_bytes);
  }
  make_trustworthy();
}

void KvCache::make_trustworthy() {
  if (distrusted_) {
    clear();
    distrusted_ = false;
  }
}

/// Fresh card memory may hold NaNs, and a NaN survives any mask.
void KvCache::clear() {
  for (std::size_t layer = 0; layer < shape_.layers; ++layer) {
    card_.fill(keys_[layer].span(), 0);
    card_.fill(values_[layer].span(), 0);
  }
}

std::size_t KvCache::common_prefix(std::span<const text::TokenId> prompt) const noexcept {
  const std::size_t longest = std::min(tokens_.size(), prompt.empty() ? 0 : prompt.size() - 1);
  const auto end = tokens_.begin() + static_cast<std::ptrdiff_t>(longest);
  return static_cast<std::size_t>(std::mismatch(tokens_.begin(), end, prompt.begin()).first -
                                  tokens_.begin());
}

std::size_t KvCache::keep_common_prefix(std::span<const text::TokenId> prompt) {
  tokens_.resize(common_prefix(prompt));
  return tokens_.size();
}

void KvCache::copy_from(CardQueue& queue, const KvCache& source, std::size_t count) {
  const std::size_t first = size();
  const std::size_t rows = count - first;
  for (std::size_t layer = 0; layer < shape_.layers; ++layer) {
    queue.copy(keys(layer, first, rows), source.keys(layer, first, rows));
    queue.copy(values(layer, first, rows), source.values(layer, first, rows));
  }
  append(std::span(source.tokens()).subspan(first, rows));
}

void KvCache::append(std::span<const text::TokenId> tokens) {
  if (tokens.size() > shape_.context - tokens_.size()) {
    throw base::Error(base::ErrorCode::kInternal, std::to_string(tokens.size()) +
                                                      " tokens do not fit behind " +
                                                      std::to_string(tokens_.size()) + " in a context of " +
                                                      std::to_string(shape_.context) + ".");
  }
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
}

void KvCache::forget(bool distrust) noexcept {
  tokens_.clear();
  distrusted_ = distrusted_ || distrust;
}

axcl::DeviceSpan KvCache::keys(std::size_t layer, std::size_t first, std::size_t count) const {
  return keys_[layer].span().subspan(first * shape_.row_bytes, count * shape_.row_bytes);
}

axcl::DeviceSpan KvCache::values(std::size_t layer, std::size_t first, std::size_t count) const {
  return values_[layer].span().subspan(first * shape_.row_bytes, count * shape_.row_bytes);
}

}  // namespace axllama::inference
