#include "text/stop_strings.h"

#include <queue>
#include <utility>

namespace axllama::text {

StopMatcher::StopMatcher(const std::vector<std::string>& stops) : nodes_(1) {
  nodes_.front().next.fill(kNone);
  for (const std::string& stop : stops) {
    if (stop.empty()) continue;
    stops_.push_back(stop);
    add(stop, static_cast<std::uint32_t>(stops_.size() - 1));
  }
  link();
}

void StopMatcher::add(std::string_view stop, std::uint32_t index) {
  std::uint32_t at = 0;
  for (const char character : stop) {
    const auto byte = static_cast<std::uint8_t>(character);
    std::uint32_t child = nodes_[at].next[byte];
    if (child == kNone) {
      child = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
      nodes_.back().next.fill(kNone);
      nodes_.back().depth = nodes_[at].depth + 1;
      nodes_[at].next[byte] = child;
    }
    at = child;
  }
  if (nodes_[at].match == kNone) nodes_[at].match = index;
}

/// Completes the transitions breadth first: where a node has no child, the text goes on as the longest proper
/// suffix that is in the tree does.
void StopMatcher::link() {
  struct Item {
    std::uint32_t node;
    std::uint32_t suffix;
  };
  std::queue<Item> queue;
  for (std::uint32_t& child : nodes_.front().next) {
    if (child == kNone) {
      child = 0;
    } else {
      queue.push({child, 0});
    }
  }
  while (!queue.empty()) {
    const Item item = queue.front();
    queue.pop();
    Node& node = nodes_[item.node];
    const Node& suffix = nodes_[item.suffix];
    if (node.match == kNone) node.match = suffix.match;
    for (std::size_t byte = 0; byte < node.next.size(); ++byte) {
      if (node.next[byte] == kNone) {
        node.next[byte] = suffix.next[byte];
      } else {
        queue.push({node.next[byte], suffix.next[byte]});
      }
    }
  }
}

std::string StopMatcher::push(std::string_view text) {
  if (stopped()) return {};
  if (stops_.empty()) return std::string(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    state_ = nodes_[state_].next[static_cast<std::uint8_t>(text[i])];
    if (nodes_[state_].match == kNone) continue;
    match_ = nodes_[state_].match;
    std::string out = std::move(held_);
    out.append(text.substr(0, i + 1));
    out.resize(out.size() - stops_[match_].size());
    held_.clear();
    return out;
  }
  held_.append(text);
  const std::size_t safe = held_.size() - nodes_[state_].depth;
  std::string out = held_.substr(0, safe);
  held_.erase(0, safe);
  return out;
}

std::string StopMatcher::flush() {
  state_ = 0;
  return std::exchange(held_, {});
}

std::string_view StopMatcher::matched() const noexcept {
  return stopped() ? std::string_view(stops_[match_]) : std::string_view();
}

}  // namespace axllama::text
