#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/constraint/character_set.h"
#include "text/constraint/token_trie.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::text {

/// A set of tokens, as TokenSet views it.
using TokenBits = std::vector<std::uint64_t>;

inline void add_token(TokenBits& bits, TokenId token) {
  bits[static_cast<std::size_t>(token) / 64] |= std::uint64_t{1} << (static_cast<std::size_t>(token) % 64);
}

/// The tokens of a vocabulary as texts of one character set's characters see them: those that consist of
/// such characters, by how many, and the others, by how many such characters they begin with and what follows
/// these: where any character of the set is as good as another, tokens that agree in both are allowed or
/// refused together. Immutable.
class TokenSlice {
 public:
  TokenSlice(const CharacterSet& set, std::span<const std::pair<std::string_view, TokenId>> tokens,
             std::size_t words);

  /// Characters of the longest token that consists of them.
  std::size_t longest() const noexcept { return longest_; }
  /// Tokens of at most `characters` characters of the set: those of the result, and `more`.
  const std::shared_ptr<const TokenBits>& within(std::size_t characters, std::vector<TokenId>& more) const;
  /// By the number of characters that they begin with: the other tokens, without these characters.
  std::span<const TokenTrie> others() const noexcept { return others_; }
  /// One of the set's characters.
  const std::string& example() const noexcept { return example_; }
  /// Bytes with which a character of the set begins.
  const std::bitset<256>& first_bytes() const noexcept { return first_bytes_; }

 private:
  static constexpr std::size_t kCumulated = 16;

  std::vector<std::vector<TokenId>> by_length_;          // longer than kCumulated only
  std::vector<std::shared_ptr<const TokenBits>> up_to_;  // [0] none .. [kCumulated], then all
  std::size_t longest_ = 0;
  std::vector<TokenTrie> others_;
  std::string example_;
  std::bitset<256> first_bytes_;
};

/// What constraints know of a tokenizer's vocabulary. Thread-safe.
class TokenVocabulary {
 public:
  /// The tokenizer's own, made when it is first asked for (tens of milliseconds for 150,000 tokens) and kept
  /// as long as the tokenizer lives.
  static std::shared_ptr<const TokenVocabulary> of(const std::shared_ptr<const Tokenizer>& tokenizer);

  explicit TokenVocabulary(const Tokenizer& tokenizer);

  /// The bytes that a token adds to an answer; those of a control token are special_token_bytes(). Empty for
  /// tokens that never stand in an answer.
  std::string_view bytes(TokenId token) const noexcept;
  const TokenTrie& trie() const noexcept { return trie_; }
  const std::vector<TokenId>& ends() const noexcept { return ends_; }
  bool is_end(TokenId token) const noexcept;
  /// Words of a TokenSet: ceil(tokenizer.vocabulary_size() / 64).
  std::size_t words() const noexcept { return words_; }
  /// Null for sets so narrow that a slice would not pay.
  std::shared_ptr<const TokenSlice> slice(const CharacterSet& set) const;

 private:
  std::string text_;
  std::vector<std::uint32_t> offsets_;  // [vocabulary + 1] in text_
  std::vector<std::pair<std::string_view, TokenId>> tokens_;
  TokenTrie trie_;
  std::vector<TokenId> ends_;
  std::size_t words_ = 0;

  mutable std::mutex mutex_;
  mutable std::list<std::pair<CharacterSet, std::shared_ptr<const TokenSlice>>> slices_;  // latest first
};

}  // namespace axllama::text
