#include "text/stop_strings.h"

#include <queue>
#include <utility>

namespace axllama::text {

StopMatcher::StopMatcher(const std::vector<std::string>& stops) : nodes_(1) {
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
    std::uint32_t next = child(at, byte);
    if (next == kNone) {
      next = static_cast<std::uint32_t>(nodes_.size());
      Node node;
      node.sibling = std::exchange(nodes_[at].first_child, next);
      node.depth = nodes_[at].depth + 1;
      node.byte = byte;
      nodes_.push_back(node);
    }
    at = next;
  }
  if (nodes_[at].match == kNone) nodes_[at].match = index;
}

/// Finds the suffixes breadth first: those of shorter nodes are known then.
void StopMatcher::link() {
  std::queue<std::uint32_t> queue;
  queue.push(0);
  while (!queue.empty()) {
    const std::uint32_t parent = queue.front();
    queue.pop();
    for (std::uint32_t at = nodes_[parent].first_child; at != kNone; at = nodes_[at].sibling) {
      Node& node = nodes_[at];
      if (parent != 0) node.suffix = step(nodes_[parent].suffix, node.byte);
      if (node.match == kNone) node.match = nodes_[node.suffix].match;
      queue.push(at);
    }
  }
}

std::uint32_t StopMatcher::child(std::uint32_t node, std::uint8_t byte) const noexcept {
  std::uint32_t at = nodes_[node].first_child;
  while (at != kNone && nodes_[at].byte != byte) at = nodes_[at].sibling;
  return at;
}

/// The longest node that the text of `node` with `byte` behind it ends with.
std::uint32_t StopMatcher::step(std::uint32_t node, std::uint8_t byte) const noexcept {
  while (true) {
    const std::uint32_t next = child(node, byte);
    if (next != kNone) return next;
    if (node == 0) return 0;
    node = nodes_[node].suffix;
  }
}

std::string StopMatcher::push(std::string_view text) {
  if (stopped()) return {};
  if (stops_.empty()) return std::string(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    state_ = step(state_, static_cast<std::uint8_t>(text[i]));
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
