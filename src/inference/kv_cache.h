#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "axcl/card.h"
#include "axcl/device_memory.h"
#include "inference/card_queue.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::inference {

/// Sizes of the key and value caches of one sequence.
struct KvCacheShape {
  std::size_t layers = 0;
  std::size_t context = 0;  // tokens a sequence can have
  std::size_t slots = 0;  // rows of memory per layer: the context, or more where a chunk may reach beyond it
  std::size_t row_bytes = 0;  // of one token's keys (or values) in one layer
};

/// Keys and values of one token sequence on the card, [slots, kv] bf16 per layer, and the tokens they belong
/// to. Rows behind the sequence are finite numbers that no mask shows. Owner thread only.
class KvCache {
 public:
  /// Allocates and clears the memory. Throws Error (kResourceExhausted, kDevice).
  KvCache(axcl::Card& card, const KvCacheShape& shape);

  const KvCacheShape& shape() const noexcept { return shape_; }
  /// Tokens cached so far.
  const std::vector<text::TokenId>& tokens() const noexcept { return tokens_; }
  std::size_t size() const noexcept { return tokens_.size(); }

  /// How many of the cached tokens `prompt` begins with; never all of `prompt`, whose last token has to be
  /// evaluated for its logits.
  std::size_t common_prefix(std::span<const text::TokenId> prompt) const noexcept;
  /// Keeps the longest common beginning of the cached tokens and `prompt` without its last token. Returns its
  /// length.
  std::size_t keep_common_prefix(std::span<const text::TokenId> prompt);
  /// Copies rows [size(), count) of `source`, of the same shape, card to card, and records their tokens. The
  /// first size() tokens of both must be equal.
  void copy_from(CardQueue& queue, const KvCache& source, std::size_t count);
  /// Records tokens whose rows have been written behind the cached ones.
  void append(std::span<const text::TokenId> tokens);
  /// Drops all tokens. `distrust`: what the memory holds may not be finite, so it is cleared before it is
  /// used again.
  void forget(bool distrust) noexcept;
  /// Clears the memory where forget() asked for it. Call before evaluating tokens.
  void make_trustworthy();

  /// Rows [first, first + count) of a layer.
  axcl::DeviceSpan keys(std::size_t layer, std::size_t first, std::size_t count) const;
  axcl::DeviceSpan values(std::size_t layer, std::size_t first, std::size_t count) const;
  std::size_t bytes() const noexcept { return 2 * shape_.layers * shape_.slots * shape_.row_bytes; }

 private:
  void clear();

  axcl::Card& card_;
  KvCacheShape shape_;
  std::vector<axcl::DeviceBuffer> keys_;    // by layer
  std::vector<axcl::DeviceBuffer> values_;  // by layer
  std::vector<text::TokenId> tokens_;
  bool distrusted_ = true;
};

}  // namespace axllama::inference
