#include "softcard/card/interval_set.h"

#include <algorithm>
#include <iterator>

namespace axllama::softcard {

void IntervalSet::insert(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) {
    return;
  }
  auto next = ranges_.upper_bound(begin);
  if (next != ranges_.begin()) {
    const auto previous = std::prev(next);
    if (previous->second >= end) {
      return;
    }
    if (previous->second >= begin) {
      begin = previous->first;
      next = previous;
    }
  }
  while (next != ranges_.end() && next->first <= end) {
    end = std::max(end, next->second);
    next = ranges_.erase(next);
  }
  ranges_.emplace_hint(next, begin, end);
}

void IntervalSet::erase(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) {
    return;
  }
  auto it = ranges_.upper_bound(begin);
  if (it != ranges_.begin() && std::prev(it)->second > begin) {
    --it;
  }
  while (it != ranges_.end() && it->first < end) {
    const auto [range_begin, range_end] = *it;
    it = ranges_.erase(it);
    if (range_begin < begin) {
      ranges_.emplace(range_begin, begin);
    }
    if (range_end > end) {
      ranges_.emplace(end, range_end);
    }
  }
}

bool IntervalSet::contains(std::uint64_t begin, std::uint64_t end) const {
  return begin >= end || first_missing(begin, end) == end;
}

std::uint64_t IntervalSet::first_missing(std::uint64_t begin, std::uint64_t end) const {
  const auto next = ranges_.upper_bound(begin);
  if (next == ranges_.begin() || std::prev(next)->second <= begin) {
    return begin;
  }
  return std::min(std::prev(next)->second, end);
}

}  // namespace axllama::softcard
