#include "text/tokenizer/added_tokens.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "text/unicode/character_class.h"

namespace axllama::text {
namespace {

std::size_t character_start(std::string_view text, std::size_t end) {
  std::size_t begin = end - 1;
  while (begin > 0 && (static_cast<std::uint8_t>(text[begin]) & 0xC0U) == 0x80U) --begin;
  return begin;
}

bool is_class(std::string_view text, std::size_t at, CharacterClass wanted) {
  return (character_class(base::decode_utf8(text, at).code_point) & wanted) != 0;
}

std::size_t white_space_before(std::string_view text, std::size_t end) {
  while (end > 0) {
    const std::size_t begin = character_start(text, end);
    if (!is_class(text, begin, kSpace)) break;
    end = begin;
  }
  return end;
}

std::size_t white_space_after(std::string_view text, std::size_t begin) {
  while (begin < text.size() && is_class(text, begin, kSpace)) begin += base::decode_utf8(text, begin).length;
  return begin;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  std::stable_sort(tokens_.begin(), tokens_.end(),
                   [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; });
  tokens_.erase(std::unique(tokens_.begin(), tokens_.end(),
                            [](const AddedToken& a, const AddedToken& b) { return a.content == b.content; }),
                tokens_.end());
  for (const AddedToken& token : tokens_) starts_[static_cast<std::uint8_t>(token.content.front())] = true;
  build(0, tokens_.size(), 0);
}

/// Makes the node for tokens_[first, last), which share `depth` bytes, after the nodes below it; returns its
/// index.
std::uint32_t AddedTokens::build(std::size_t first, std::size_t last, std::size_t depth) {
  Node node;
  if (first < last && tokens_[first].content.size() == depth) node.token = static_cast<std::int32_t>(first++);
  std::vector<Edge> edges;
  while (first < last) {
    const auto byte_of = [&](std::size_t i) { return static_cast<std::uint8_t>(tokens_[i].content[depth]); };
    std::size_t end = first + 1;
    while (end < last && byte_of(end) == byte_of(first)) ++end;
    edges.push_back({byte_of(first), build(first, end, depth + 1)});
    first = end;
  }
  node.first_edge = static_cast<std::uint32_t>(edges_.size());
  node.edge_count = static_cast<std::uint32_t>(edges.size());
  edges_.insert(edges_.end(), edges.begin(), edges.end());
  nodes_.push_back(node);
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::int32_t AddedTokens::longest_match(std::string_view text, std::size_t at) const noexcept {
  std::int32_t found = -1;
  const Node* node = &nodes_.back();
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    const auto begin = edges_.begin() + static_cast<std::ptrdiff_t>(node->first_edge);
    const auto end = begin + static_cast<std::ptrdiff_t>(node->edge_count);
    const auto edge =
        std::lower_bound(begin, end, byte, [](const Edge& e, std::uint8_t b) { return e.byte < b; });
    if (edge == end || edge->byte != byte) break;
    node = &nodes_[edge->node];
    if (node->token >= 0) found = node->token;
  }
  return found;
}

void AddedTokens::split(std::string_view text, bool parse_special, std::vector<Segment>& out) const {
  std::size_t done = 0;  // text before it is in `out`
  if (!tokens_.empty()) {
    for (std::size_t at = 0; at < text.size();) {
      const std::int32_t match = starts_[static_cast<std::uint8_t>(text[at])] ? longest_match(text, at) : -1;
      if (match < 0) {
        ++at;
        continue;
      }
      const AddedToken& token = tokens_[static_cast<std::size_t>(match)];
      std::size_t begin = at;
      std::size_t end = at + token.content.size();
      at = end;  // a match that is not taken is skipped as well, as in the reference implementation
      if (token.special && !parse_special) continue;
      if (token.single_word) {
        if (begin > 0 && is_class(text, character_start(text, begin), kWord)) continue;
        if (end < text.size() && is_class(text, end, kWord)) continue;
      }
      if (token.lstrip) begin = std::max(white_space_before(text, begin), done);
      if (token.rstrip) end = white_space_after(text, end);
      if (done < begin) out.push_back({done, begin, kNoToken});
      out.push_back({begin, end, token.id});
      done = end;
    }
  }
  if (done < text.size()) out.push_back({done, text.size(), kNoToken});
}

}  // namespace axllama::text
