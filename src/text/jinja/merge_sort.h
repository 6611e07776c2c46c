#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace axllama::text::jinja {

/// Sorts stably. Unlike std::sort it stays within bounds whatever `less` answers: values such as NaN have no
/// order. When `less` throws, the order of `items` is unspecified and some may be moved from.
template <typename T, typename Less>
void merge_sort(std::vector<T>& items, const Less& less) {
  std::vector<T> merged(items.size());
  for (std::size_t width = 1; width < items.size(); width *= 2) {
    for (std::size_t begin = 0; begin < items.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, items.size());
      const std::size_t end = std::min(middle + width, items.size());
      std::size_t left = begin;
      std::size_t right = middle;
      for (std::size_t out = begin; out < end; ++out) {
        const bool take_right = left == middle || (right < end && less(items[right], items[left]));
        merged[out] = std::move(items[take_right ? right++ : left++]);
      }
    }
    items.swap(merged);
  }
}

}  // namespace axllama::text::jinja
