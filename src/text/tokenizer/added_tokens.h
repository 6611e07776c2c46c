#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer/token_map.h"

namespace axllama::text {

/// A token that is found in the text before anything else, as `added_tokens` of tokenizer.json describes it.
struct AddedToken {
  std::string content;
  TokenId id = kNoToken;
  bool single_word = false;  // not next to a word character
  bool lstrip = false;       // takes the white space on its left
  bool rstrip = false;       // takes the white space on its right
  bool normalized = false;   // looked for in the normalized text
  bool special = false;      // a control token: not part of the text
};

/// A part of a text: an added token, or text between them (`id` is kNoToken). Parts of tokens with lstrip or
/// rstrip include the white space they took.
struct Segment {
  std::size_t begin;
  std::size_t end;
  TokenId id;
};

/// Finds added tokens: the leftmost match first, of those the longest. A trie over bytes; looking takes at
/// most text length x longest token. Immutable; any thread.
class AddedTokens {
 public:
  AddedTokens() = default;
  /// Of tokens with the same content the first counts.
  explicit AddedTokens(std::vector<AddedToken> tokens);

  bool empty() const noexcept { return tokens_.empty(); }

  /// Appends the segments of `text`, which is valid UTF-8, from left to right; none is empty. With
  /// `parse_special` false, special tokens are text.
  void split(std::string_view text, bool parse_special, std::vector<Segment>& out) const;

 private:
  struct Node {
    std::uint32_t first_edge = 0;
    std::uint32_t edge_count = 0;
    std::int32_t token = -1;  // index into tokens_ of the content that ends here
  };
  struct Edge {
    std::uint8_t byte;
    std::uint32_t node;
  };

  std::uint32_t build(std::size_t first, std::size_t last, std::size_t depth);
  std::int32_t longest_match(std::string_view text, std::size_t at) const noexcept;

  std::vector<AddedToken> tokens_;  // sorted by content
  std::vector<Node> nodes_;         // the root is the last one
  std::vector<Edge> edges_;         // those of one node side by side, sorted
  std::array<bool, 256> starts_{};
};

}  // namespace axllama::text
