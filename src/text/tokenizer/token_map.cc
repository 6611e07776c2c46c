#include "text/tokenizer/token_map.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

namespace axllama::text {

void TokenMap::reserve(std::size_t entries, std::size_t bytes) {
  arena_.reserve(bytes);
  const std::size_t slots = std::bit_ceil(entries * 5 / 3 + 8);
  if (slots > slots_.size()) grow(slots);
}

bool TokenMap::insert(std::string_view key, TokenId id) {
  if ((size_ + 1) * 5 > slots_.size() * 3) grow(std::max<std::size_t>(16, slots_.size() * 2));
  const std::uint64_t hash = std::hash<std::string_view>{}(key);
  Slot& slot = slots_[locate(key, hash)];
  if (slot.id != kNoToken) return false;
  slot = {static_cast<std::uint32_t>(arena_.size()), static_cast<std::uint32_t>(key.size()),
          static_cast<std::uint32_t>(hash >> 32U), id};
  arena_.append(key);
  ++size_;
  longest_ = std::max(longest_, key.size());
  return true;
}

TokenId TokenMap::find(std::string_view key) const noexcept {
  if (size_ == 0 || key.size() > longest_) return kNoToken;
  return slots_[locate(key, std::hash<std::string_view>{}(key))].id;
}

std::size_t TokenMap::locate(std::string_view key, std::uint64_t hash) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  const auto tag = static_cast<std::uint32_t>(hash >> 32U);
  std::size_t index = static_cast<std::size_t>(hash) & mask;
  while (true) {
    const Slot& slot = slots_[index];
    if (slot.id == kNoToken) return index;
    if (slot.tag == tag && std::string_view(arena_).substr(slot.offset, slot.length) == key) return index;
    index = (index + 1) & mask;
  }
}

void TokenMap::grow(std::size_t slots) {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
  for (const Slot& slot : old) {
    if (slot.id == kNoToken) continue;
    const std::string_view key = std::string_view(arena_).substr(slot.offset, slot.length);
    slots_[locate(key, std::hash<std::string_view>{}(key))] = slot;
  }
}

void TokenTable::reset(std::size_t count, std::size_t bytes) {
  arena_.clear();
  arena_.reserve(bytes);
  entries_.assign(count, {});
}

void TokenTable::set(TokenId id, std::string_view text) {
  entries_.at(static_cast<std::size_t>(id)) = {static_cast<std::uint32_t>(arena_.size()),
                                               static_cast<std::uint32_t>(text.size())};
  arena_.append(text);
}

std::string_view TokenTable::operator[](TokenId id) const noexcept {
  if (id < 0 || static_cast<std::size_t>(id) >= entries_.size()) return {};
  const Entry entry = entries_[static_cast<std::size_t>(id)];
  return std::string_view(arena_).substr(entry.offset, entry.length);
}

}  // namespace axllama::text
