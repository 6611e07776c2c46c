#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer/tokenizer.h"

namespace axllama::text {

inline constexpr TokenId kNoToken = -1;

/// Hash map from byte strings to token ids, made once and then only read (from any thread). Open addressing
/// over one arena: 16 bytes an entry besides the text.
class TokenMap {
 public:
  void reserve(std::size_t entries, std::size_t bytes);

  /// False, and nothing is changed, when `key` is there already.
  bool insert(std::string_view key, TokenId id);

  /// The id of `key`, or kNoToken.
  TokenId find(std::string_view key) const noexcept;

  std::size_t size() const noexcept { return size_; }
  std::size_t longest_key() const noexcept { return longest_; }

 private:
  struct Slot {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t tag = 0;  // other bits of the hash than those that choose the slot
    TokenId id = kNoToken;
  };

  void grow(std::size_t slots);
  std::size_t locate(std::string_view key, std::uint64_t hash) const noexcept;

  std::string arena_;
  std::vector<Slot> slots_;  // a power of two, at most 60 % full
  std::size_t size_ = 0;
  std::size_t longest_ = 0;
};

/// Byte strings by token id in one arena. Ids that were not set have the empty string.
class TokenTable {
 public:
  /// Ids below `count`; `bytes` is a hint.
  void reset(std::size_t count, std::size_t bytes);
  void set(TokenId id, std::string_view text);
  std::string_view operator[](TokenId id) const noexcept;
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
  };
  std::string arena_;
  std::vector<Entry> entries_;
};

}  // namespace axllama::text
