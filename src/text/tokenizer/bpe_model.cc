#include "text/tokenizer/bpe_model.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <utility>

#include "base/utf8.h"

namespace axllama::text {
namespace {

constexpr std::uint32_t kNoRank = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kEnd = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kShort = 40;  // symbols up to which a linear search beats the queue

}  // namespace

void MergeTable::reserve(std::size_t entries) {
  const std::size_t slots = std::bit_ceil(entries * 5 / 3 + 8);
  if (slots > slots_.size()) grow(slots);
}

void MergeTable::set(TokenId left, TokenId right, Merge merge) {
  if ((size_ + 1) * 5 > slots_.size() * 3) grow(std::max<std::size_t>(16, slots_.size() * 2));
  const std::uint64_t key = key_of(left, right);
  Slot& slot = slots_[locate(key)];
  if (slot.key == kEmpty) ++size_;
  slot = {key, merge};
}

const Merge* MergeTable::find(TokenId left, TokenId right) const noexcept {
  if (size_ == 0) return nullptr;
  const Slot& slot = slots_[locate(key_of(left, right))];
  return slot.key == kEmpty ? nullptr : &slot.merge;
}

std::uint64_t MergeTable::key_of(TokenId left, TokenId right) noexcept {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U) |
         static_cast<std::uint32_t>(right);
}

std::size_t MergeTable::locate(std::uint64_t key) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::uint64_t hash = key * 0x9E3779B97F4A7C15ULL;
  hash ^= hash >> 32U;
  std::size_t index = static_cast<std::size_t>(hash) & mask;
  while (slots_[index].key != key && slots_[index].key != kEmpty) index = (index + 1) & mask;
  return index;
}

void MergeTable::grow(std::size_t slots) {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
  for (const Slot& slot : old) {
    if (slot.key != kEmpty) slots_[locate(slot.key)] = slot;
  }
}

BpeModel::BpeModel(TokenMap vocabulary, MergeTable merges, const BpeOptions& options, std::size_t id_limit)
    : vocabulary_(std::move(vocabulary)),
      merges_(std::move(merges)),
      options_(options),
      whole_word_(std::make_unique<std::atomic<std::uint8_t>[]>(id_limit)) {
  for (std::size_t byte = 0; byte < byte_symbols_.size(); ++byte) {
    const char text = static_cast<char>(byte);
    byte_symbols_[byte] = vocabulary_.find(std::string_view(&text, 1));
  }
}

void BpeModel::encode(std::string_view piece, std::vector<TokenId>& out, Workspace& workspace) const {
  const TokenId whole = vocabulary_.find(piece);
  std::atomic<std::uint8_t>* memory = nullptr;
  if (whole != kNoToken) {
    memory = &whole_word_[static_cast<std::size_t>(whole)];
    if (options_.ignore_merges || memory->load(std::memory_order_relaxed) == kYes) {
      out.push_back(whole);
      return;
    }
  }
  std::vector<TokenId>& symbols = workspace.symbols;
  split_into_symbols(piece, symbols);
  if (symbols.size() <= kShort) {
    merge_short(symbols);
  } else {
    merge_long(workspace);
  }
  if (memory != nullptr) {
    const bool same = symbols.size() == 1 && symbols.front() == whole;
    memory->store(same ? kYes : kNo, std::memory_order_relaxed);
  }
  out.insert(out.end(), symbols.begin(), symbols.end());
}

void BpeModel::split_into_symbols(std::string_view piece, std::vector<TokenId>& symbols) const {
  symbols.clear();
  bool unknown_pending = false;
  const auto add = [&](std::string_view text, TokenId id) {
    if (id != kNoToken) {
      if (unknown_pending) symbols.push_back(options_.unknown);
      unknown_pending = false;
      symbols.push_back(id);
      return;
    }
    if (options_.byte_fallback) {
      const auto byte_token = [this](char byte) {
        return options_.byte_tokens[static_cast<std::uint8_t>(byte)];
      };
      if (std::none_of(text.begin(), text.end(), [&](char byte) { return byte_token(byte) == kNoToken; })) {
        // A pending unknown token stays pending here, as in the reference implementation.
        for (const char byte : text) symbols.push_back(byte_token(byte));
        return;
      }
    }
    if (options_.unknown == kNoToken) return;
    if (unknown_pending && !options_.fuse_unknown) symbols.push_back(options_.unknown);
    unknown_pending = true;
  };
  for (std::size_t offset = 0; offset < piece.size();) {
    const std::size_t length = options_.byte_symbols ? 1 : base::decode_utf8(piece, offset).length;
    const std::string_view text = piece.substr(offset, length);
    add(text, length == 1 ? byte_symbols_[static_cast<std::uint8_t>(text.front())] : vocabulary_.find(text));
    offset += length;
  }
  if (unknown_pending) symbols.push_back(options_.unknown);
}

void BpeModel::merge_short(std::vector<TokenId>& symbols) const {
  std::array<std::uint32_t, kShort> ranks{};  // ranks[i]: of the pair i, i + 1
  std::array<TokenId, kShort> results{};
  std::size_t count = symbols.size();
  const auto look_up = [&](std::size_t i) {
    const Merge* merge = merges_.find(symbols[i], symbols[i + 1]);
    ranks[i] = merge == nullptr ? kNoRank : merge->rank;
    results[i] = merge == nullptr ? kNoToken : merge->result;
  };
  for (std::size_t i = 0; i + 1 < count; ++i) look_up(i);
  while (count > 1) {
    const auto end = ranks.begin() + static_cast<std::ptrdiff_t>(count - 1);
    const auto best = std::min_element(ranks.begin(), end);
    if (*best == kNoRank) break;
    const auto at = static_cast<std::size_t>(best - ranks.begin());
    symbols[at] = results[at];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    std::copy(best + 1, end, best);
    std::copy(results.begin() + static_cast<std::ptrdiff_t>(at) + 1,
              results.begin() + static_cast<std::ptrdiff_t>(count) - 1,
              results.begin() + static_cast<std::ptrdiff_t>(at));
    --count;
    if (at + 1 < count) look_up(at);
    if (at > 0) look_up(at - 1);
  }
}

void BpeModel::merge_long(Workspace& workspace) const {
  std::vector<TokenId>& symbols = workspace.symbols;
  const auto count = static_cast<std::uint32_t>(symbols.size());
  std::vector<std::uint32_t>& previous = workspace.previous;
  std::vector<std::uint32_t>& next = workspace.next;
  previous.resize(count);
  next.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    previous[i] = i == 0 ? kEnd : i - 1;
    next[i] = i + 1 == count ? kEnd : i + 1;
  }
  // A heap of rank << 32 | position of the left symbol, smallest first. Entries whose pair has changed
  // meanwhile are recognised when they come up: their rank is not that of the pair now there.
  std::vector<std::uint64_t>& queue = workspace.queue;
  const auto rank_at = [&](std::uint32_t at) -> const Merge* {
    return symbols[at] == kNoToken || next[at] == kEnd ? nullptr
                                                       : merges_.find(symbols[at], symbols[next[at]]);
  };
  queue.clear();
  for (std::uint32_t i = 0; i + 1 < count; ++i) {
    if (const Merge* merge = rank_at(i))
      queue.push_back((static_cast<std::uint64_t>(merge->rank) << 32U) | i);
  }
  std::make_heap(queue.begin(), queue.end(), std::greater<>());
  const auto push = [&](std::uint32_t at) {
    if (const Merge* merge = rank_at(at)) {
      queue.push_back((static_cast<std::uint64_t>(merge->rank) << 32U) | at);
      std::push_heap(queue.begin(), queue.end(), std::greater<>());
    }
  };
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), std::greater<>());
    const auto at = static_cast<std::uint32_t>(queue.back() & UINT32_MAX);
    const auto rank = static_cast<std::uint32_t>(queue.back() >> 32U);
    queue.pop_back();
    const Merge* merge = rank_at(at);
    if (merge == nullptr || merge->rank != rank) continue;
    const std::uint32_t right = next[at];
    symbols[at] = merge->result;
    symbols[right] = kNoToken;
    next[at] = next[right];
    if (next[at] != kEnd) previous[next[at]] = at;
    if (previous[at] != kEnd) push(previous[at]);
    push(at);
  }
  std::erase(symbols, kNoToken);
}

}  // namespace axllama::text
