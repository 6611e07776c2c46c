#include "text/constraint/token_vocabulary.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/utf8.h"
#include "text/constraint/grammar.h"
#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

constexpr std::uint8_t kFirstImpossibleByte = 0xF8;  // in UTF-8
constexpr std::size_t kLongestToken = 4096;          // bytes; real ones have some hundred at most

bool can_be_text(std::string_view bytes) {
  return bytes.size() <= kLongestToken && std::all_of(bytes.begin(), bytes.end(), [](char byte) {
           return static_cast<std::uint8_t>(byte) < kFirstImpossibleByte;
         });
}

/// The characters of a set that a text begins with.
struct Beginning {
  std::size_t characters = 0;
  std::size_t bytes = 0;
};

Beginning beginning_of(const CharacterSet& set, const std::bitset<128>& ascii, std::string_view text) {
  Beginning beginning;
  for (std::size_t& at = beginning.bytes; at < text.size(); ++beginning.characters) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    if (byte < 0x80) {
      if (!ascii[byte]) break;
      ++at;
      continue;
    }
    const base::Utf8Character character = base::decode_utf8(text, at);
    if (!character.valid || !set.contains(character.code_point)) break;
    at += character.length;
  }
  return beginning;
}

}  // namespace

TokenSlice::TokenSlice(const CharacterSet& set, std::span<const std::pair<std::string_view, TokenId>> tokens,
                       std::size_t words) {
  std::bitset<128> ascii;
  for (char32_t c = 0; c < 0x80; ++c) ascii[c] = set.contains(c);
  std::vector<std::vector<TokenId>> by_length(1);
  std::vector<std::vector<std::pair<std::string_view, TokenId>>> others;
  for (const auto& [bytes, token] : tokens) {
    const Beginning beginning = beginning_of(set, ascii, bytes);
    const std::size_t size = beginning.characters + 1;
    if (beginning.bytes == bytes.size()) {
      by_length.resize(std::max(by_length.size(), size));
      by_length[beginning.characters].push_back(token);
    } else {
      others.resize(std::max(others.size(), size));
      others[beginning.characters].emplace_back(bytes.substr(beginning.bytes), token);
    }
  }
  longest_ = by_length.size() - 1;
  TokenBits bits(words, 0);
  for (std::size_t length = 0; length <= longest_; ++length) {
    for (const TokenId token : by_length[length]) add_token(bits, token);
    if (length <= kCumulated) up_to_.push_back(std::make_shared<const TokenBits>(bits));
  }
  up_to_.push_back(std::make_shared<const TokenBits>(std::move(bits)));
  by_length_ = std::move(by_length);
  for (std::size_t length = 0; length < std::min(kCumulated + 1, by_length_.size()); ++length) {
    std::vector<TokenId>().swap(by_length_[length]);
  }
  for (auto& rests : others) others_.emplace_back(std::move(rests));
  base::append_utf8(example_, set.ranges().front().first);
  for (const Utf8Sequence& sequence : utf8_sequences(set)) {
    for (unsigned byte = sequence.bytes[0].first; byte <= sequence.bytes[0].last; ++byte) {
      first_bytes_.set(byte);
    }
  }
}

const std::shared_ptr<const TokenBits>& TokenSlice::within(std::size_t characters,
                                                           std::vector<TokenId>& more) const {
  if (characters >= longest_) return up_to_.back();
  for (std::size_t length = kCumulated + 1; length <= characters; ++length) {
    more.insert(more.end(), by_length_[length].begin(), by_length_[length].end());
  }
  return up_to_[std::min(characters, kCumulated)];
}

std::shared_ptr<const TokenVocabulary> TokenVocabulary::of(
    const std::shared_ptr<const Tokenizer>& tokenizer) {
  using Owner = std::weak_ptr<const Tokenizer>;
  static std::mutex mutex;
  static std::map<Owner, std::shared_ptr<const TokenVocabulary>, std::owner_less<Owner>> known;
  const std::lock_guard lock(mutex);
  std::erase_if(known, [](const auto& entry) { return entry.first.expired(); });
  auto& vocabulary = known[tokenizer];
  if (!vocabulary) vocabulary = std::make_shared<const TokenVocabulary>(*tokenizer);
  return vocabulary;
}

TokenVocabulary::TokenVocabulary(const Tokenizer& tokenizer) : ends_(tokenizer.eos()) {
  const std::size_t count = tokenizer.vocabulary_size();
  words_ = (count + 63) / 64;
  offsets_.push_back(0);
  for (std::size_t i = 0; i < count; ++i) {
    const auto token = static_cast<TokenId>(i);
    if (tokenizer.is_special(token)) {
      if (!tokenizer.is_eos(token)) text_ += special_token_bytes(token);
    } else if (!tokenizer.is_eos(token) && can_be_text(tokenizer.piece(token))) {
      text_ += tokenizer.piece(token);
    }
    offsets_.push_back(static_cast<std::uint32_t>(text_.size()));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto token = static_cast<TokenId>(i);
    if (!bytes(token).empty()) tokens_.emplace_back(bytes(token), token);
  }
  std::sort(tokens_.begin(), tokens_.end());
  trie_ = TokenTrie(tokens_);
}

std::string_view TokenVocabulary::bytes(TokenId token) const noexcept {
  const auto index = static_cast<std::size_t>(token);
  if (token < 0 || index + 1 >= offsets_.size()) return {};
  return std::string_view(text_).substr(offsets_[index], offsets_[index + 1] - offsets_[index]);
}

bool TokenVocabulary::is_end(TokenId token) const noexcept {
  return std::find(ends_.begin(), ends_.end(), token) != ends_.end();
}

std::shared_ptr<const TokenSlice> TokenVocabulary::slice(const CharacterSet& set) const {
  constexpr std::size_t kNarrow = 16;  // characters; fewer are walked as quickly
  std::size_t size = 0;
  for (const CharacterSet::Range& range : set.ranges()) size += range.last - range.first + 1;
  if (size < kNarrow) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto known =
      std::find_if(slices_.begin(), slices_.end(), [&](const auto& entry) { return entry.first == set; });
  if (known != slices_.end()) {
    slices_.splice(slices_.begin(), slices_, known);
  } else {
    slices_.emplace_front(set, std::make_shared<const TokenSlice>(set, tokens_, words_));
    if (slices_.size() > kConstraintLimits.max_slices) slices_.pop_back();
  }
  return slices_.front().second;
}

}  // namespace axllama::text
