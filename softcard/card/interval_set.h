#pragma once

#include <cstdint>
#include <map>

namespace axllama::softcard {

/// Disjoint half-open ranges of bytes. Not synchronised.
class IntervalSet {
 public:
  void insert(std::uint64_t begin, std::uint64_t end);
  void erase(std::uint64_t begin, std::uint64_t end);
  /// True when every byte of [begin, end) is in the set; an empty range always is.
  bool contains(std::uint64_t begin, std::uint64_t end) const;
  /// First byte of [begin, end) that is not in the set; `end` when all are.
  std::uint64_t first_missing(std::uint64_t begin, std::uint64_t end) const;

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // begin -> end, neither touching nor overlapping
};

}  // namespace axllama::softcard
