#include "text/constraint/token_trie.h"

#include <algorithm>
#include <cstddef>

namespace axllama::text {

TokenTrie::TokenTrie(std::vector<std::pair<std::string_view, TokenId>> tokens) {
  if (!std::is_sorted(tokens.begin(), tokens.end())) std::sort(tokens.begin(), tokens.end());
  std::vector<std::uint32_t> path;  // nodes from the root to the last token
  std::string_view last;
  for (const auto& [bytes, token] : tokens) {
    const auto common = static_cast<std::size_t>(
        std::mismatch(bytes.begin(), bytes.end(), last.begin(), last.end()).first - bytes.begin());
    while (path.size() > common) {
      nodes_[path.back()].end = static_cast<std::uint32_t>(nodes_.size());
      path.pop_back();
    }
    while (path.size() < bytes.size()) {
      const auto byte = static_cast<std::uint8_t>(bytes[path.size()]);
      path.push_back(static_cast<std::uint32_t>(nodes_.size()));
      nodes_.push_back(
          {0, static_cast<std::uint32_t>(tokens_.size()), 0, static_cast<std::uint16_t>(path.size()), byte});
    }
    ++nodes_[path.back()].tokens;
    tokens_.push_back(token);
    depth_ = std::max(depth_, bytes.size());
    last = bytes;
  }
  for (const std::uint32_t node : path) nodes_[node].end = static_cast<std::uint32_t>(nodes_.size());
}

}  // namespace axllama::text
