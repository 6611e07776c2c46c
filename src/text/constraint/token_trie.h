#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "text/tokenizer/tokenizer.h"

namespace axllama::text {

/// Tokens by their bytes, as a tree that is walked from beginning to end: a node, then all below it.
class TokenTrie {
 public:
  struct Node {
    std::uint32_t end;          // the next node that is not below this one
    std::uint32_t first_token;  // of those that end here
    std::uint32_t tokens;
    std::uint16_t depth;  // 1 for a token's first byte
    std::uint8_t byte;
  };

  TokenTrie() = default;
  /// Bytes must not be empty; tokens of the same bytes share a node.
  explicit TokenTrie(std::vector<std::pair<std::string_view, TokenId>> tokens);

  std::span<const Node> nodes() const noexcept { return nodes_; }
  std::span<const TokenId> tokens_of(const Node& node) const {
    return std::span(tokens_).subspan(node.first_token, node.tokens);
  }
  /// Of the longest token.
  std::size_t depth() const noexcept { return depth_; }

 private:
  std::vector<Node> nodes_;
  std::vector<TokenId> tokens_;
  std::size_t depth_ = 0;
};

}  // namespace axllama::text
