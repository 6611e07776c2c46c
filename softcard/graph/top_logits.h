#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace axllama::softcard {

/// The largest of a row of logits: what a head with post_topk gives. Largest first, the lowest index first
/// among equals (-0 and +0 are equal); NaN counts as larger than anything, so that it cannot hide.
class TopLogits {
 public:
  /// `indices` and `values`, both of the same size (at most the row's), receive what is found in `row`
  /// (bf16).
  void find(std::span<const std::uint16_t> row, std::span<std::int32_t> indices,
            std::span<std::uint16_t> values);

 private:
  std::vector<std::uint64_t> best_;  // a heap of order keys, the least on top
};

}  // namespace axllama::softcard
