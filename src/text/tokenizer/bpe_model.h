#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "text/tokenizer/token_map.h"

namespace axllama::text {

/// The rule "left, right -> result" and its priority: the lower rank is applied first.
struct Merge {
  std::uint32_t rank;
  TokenId result;
};

/// Hash map from pairs of token ids to merges.
class MergeTable {
 public:
  void reserve(std::size_t entries);
  /// A pair that is there already gets the new rule.
  void set(TokenId left, TokenId right, Merge merge);
  /// Nullptr when the pair does not merge.
  const Merge* find(TokenId left, TokenId right) const noexcept;
  std::size_t size() const noexcept { return size_; }

 private:
  struct Slot {
    std::uint64_t key = kEmpty;
    Merge merge{};
  };
  static constexpr std::uint64_t kEmpty = UINT64_MAX;  // no pair of ids, as they are not negative

  static std::uint64_t key_of(TokenId left, TokenId right) noexcept;
  std::size_t locate(std::uint64_t key) const noexcept;
  void grow(std::size_t slots);

  std::vector<Slot> slots_;  // a power of two, at most 60 % full
  std::size_t size_ = 0;
};

/// How a BPE model treats text, beyond its merges.
struct BpeOptions {
  bool byte_symbols = true;    // begin with single bytes (byte-level vocabularies), else with characters
  bool ignore_merges = false;  // a piece that is a token is that token, whatever the merges say
  bool fuse_unknown = false;   // neighbouring unknown characters are one unknown token
  TokenId unknown = kNoToken;  // for characters outside the vocabulary; kNoToken: they are dropped
  bool byte_fallback = false;  // characters outside the vocabulary become the tokens of their bytes
  std::array<TokenId, 256> byte_tokens{};  // "<0x00>" to "<0xFF>", with byte_fallback; kNoToken where missing
};

/// Byte-pair encoding (Sennrich, Haddow and Birch 2016) as the `tokenizers` library does it: of all
/// neighbouring pairs, the one with the lowest rank is merged first, the leftmost of equals. Immutable for
/// its users; any thread.
class BpeModel {
 public:
  /// Memory for encode(), to be used again; one for each thread. Grows to about 28 bytes a symbol of the
  /// longest piece.
  struct Workspace {
    std::vector<TokenId> symbols;
    std::vector<std::uint32_t> previous;
    std::vector<std::uint32_t> next;
    std::vector<std::uint64_t> queue;
  };

  /// `vocabulary` gives the ids of pieces as the text has them (bytes, not byte-level letters); `id_limit` is
  /// above all ids in it.
  BpeModel(TokenMap vocabulary, MergeTable merges, const BpeOptions& options, std::size_t id_limit);

  /// Appends the tokens of one piece of pre-tokenized text. O(n log n).
  void encode(std::string_view piece, std::vector<TokenId>& out, Workspace& workspace) const;

  const TokenMap& vocabulary() const noexcept { return vocabulary_; }
  const MergeTable& merges() const noexcept { return merges_; }

 private:
  enum WholeWord : std::uint8_t { kUntried, kYes, kNo };

  void split_into_symbols(std::string_view piece, std::vector<TokenId>& symbols) const;
  void merge_short(std::vector<TokenId>& symbols) const;
  void merge_long(Workspace& workspace) const;

  TokenMap vocabulary_;
  MergeTable merges_;
  BpeOptions options_;
  std::array<TokenId, 256> byte_symbols_{};
  // Whether a token's own text is encoded as that token; found out when first asked. Benign races: any thread
  // comes to the same answer.
  std::unique_ptr<std::atomic<std::uint8_t>[]> whole_word_;
};

}  // namespace axllama::text
