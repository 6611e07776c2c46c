#include "inference/kv_archive_tree.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace axllama::inference {
namespace {

std::size_t common_beginning(std::span<const text::TokenId> a, std::span<const text::TokenId> b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

}  // namespace

KvTree::Match KvTree::longest_match(std::span<const text::TokenId> tokens) const {
  Match match;
  const KvKey* parent = &root_;
  while (true) {
    const auto children = children_.find(*parent);
    if (children == children_.end()) {
      return match;
    }
    const BlockPtr* best = nullptr;
    std::size_t longest = 0;
    for (const BlockPtr& child : children->second) {
      const std::size_t common = common_beginning(child->header.tokens, tokens.subspan(match.tokens));
      if (common > longest) {
        longest = common;
        best = &child;
      }
    }
    if (best == nullptr) {
      return match;
    }
    match.path.push_back(*best);
    match.tokens += longest;
    if (longest < kKvBlockTokens) {
      return match;
    }
    parent = &(*best)->header.key;
  }
}

bool KvTree::add(BlockPtr block) {
  if (!blocks_.emplace(block->header.key, block).second) {
    return false;
  }
  children_[block->header.parent].push_back(std::move(block));
  return true;
}

std::vector<KvTree::BlockPtr> KvTree::shorter(const KvKey& parent,
                                              std::span<const text::TokenId> tokens) const {
  std::vector<BlockPtr> found;
  const auto children = children_.find(parent);
  if (children != children_.end()) {
    std::copy_if(children->second.begin(), children->second.end(), std::back_inserter(found),
                 [&](const BlockPtr& child) {
                   const std::size_t size = child->header.tokens.size();
                   return size < tokens.size() && common_beginning(child->header.tokens, tokens) == size;
                 });
  }
  return found;
}

std::vector<KvTree::BlockPtr> KvTree::remove(const KvKey& key) {
  const auto found = blocks_.find(key);
  if (found == blocks_.end()) {
    return {};
  }
  std::vector<BlockPtr> removed = {found->second};
  const auto siblings = children_.find(found->second->header.parent);
  std::erase(siblings->second, found->second);
  if (siblings->second.empty()) {
    children_.erase(siblings);
  }
  for (std::size_t i = 0; i < removed.size(); ++i) {
    const KvKey gone = removed[i]->header.key;
    blocks_.erase(gone);
    const auto below = children_.find(gone);
    if (below != children_.end()) {
      removed.insert(removed.end(), below->second.begin(), below->second.end());
      children_.erase(below);
    }
  }
  return removed;
}

std::vector<KvTree::BlockPtr> KvTree::unreachable() const {
  std::unordered_set<KvKey, KvKeyHash> reached;
  std::vector<KvKey> next = {root_};
  while (!next.empty()) {
    const auto below = children_.find(next.back());
    next.pop_back();
    if (below == children_.end()) {
      continue;
    }
    for (const BlockPtr& child : below->second) {
      // Only whole blocks have others behind them, so keys cannot form a circle.
      reached.insert(child->header.key);
      next.push_back(child->header.key);
    }
  }
  std::vector<BlockPtr> lost;
  for (const auto& [key, block] : blocks_) {
    if (!reached.contains(key)) {
      lost.push_back(block);
    }
  }
  return lost;
}

}  // namespace axllama::inference
