#include "text/unicode/nfc.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "text/unicode/unicode_data.h"

namespace axllama::text {
namespace {

// Hangul syllables are composed by arithmetic (The Unicode Standard, section 3.12).
constexpr char32_t kSyllableBase = 0xAC00;
constexpr char32_t kLeadBase = 0x1100;
constexpr char32_t kVowelBase = 0x1161;
constexpr char32_t kTrailBase = 0x11A7;
constexpr char32_t kLeadCount = 19;
constexpr char32_t kVowelCount = 21;
constexpr char32_t kTrailCount = 28;
constexpr char32_t kSyllableCount = kLeadCount * kVowelCount * kTrailCount;

constexpr char32_t kTableSize = 0x30000;         // nothing above decomposes or has a combining class
constexpr std::uint8_t kFirstActiveLead = 0xCC;  // first byte of U+0300, the first active character

struct Symbol {
  char32_t code_point;
  std::uint8_t combining_class;
};

/// The normalization data in the form the algorithm asks for it.
class Tables {
 public:
  Tables() : classes_(kTableSize, 0), active_(kTableSize, false), decompositions_(kDecompositions.size()) {
    for (const ClassRange& range : kCombiningClasses) {
      for (char32_t c = range.first; c <= range.last; ++c) {
        classes_[c] = range.value;
        active_[c] = true;
      }
    }
    for (const Decomposition& entry : kDecompositions) {
      decompositions_.emplace(entry.code_point, std::pair(entry.first, entry.second));
      if (entry.composed) {
        compositions_.emplace(pair_key(entry.first, entry.second), entry.code_point);
        active_[entry.second] = true;
      } else {
        active_[entry.code_point] = true;
      }
    }
    for (char32_t c = kVowelBase; c < kVowelBase + kVowelCount; ++c) active_[c] = true;
    for (char32_t c = kTrailBase + 1; c < kTrailBase + kTrailCount; ++c) active_[c] = true;
  }

  /// False for characters that NFC leaves as they are wherever no active one follows.
  bool active(char32_t c) const { return c < kTableSize && active_[c]; }

  std::uint8_t combining_class(char32_t c) const { return c < kTableSize ? classes_[c] : std::uint8_t{0}; }

  void decompose(char32_t c, std::vector<Symbol>& out) const {
    if (c < 0xC0) {
      out.push_back({c, 0});
    } else if (c >= kSyllableBase && c < kSyllableBase + kSyllableCount) {
      const char32_t index = c - kSyllableBase;
      out.push_back({kLeadBase + index / (kVowelCount * kTrailCount), 0});
      out.push_back({kVowelBase + index % (kVowelCount * kTrailCount) / kTrailCount, 0});
      if (index % kTrailCount != 0) out.push_back({kTrailBase + index % kTrailCount, 0});
    } else if (const auto found = decompositions_.find(c); found != decompositions_.end()) {
      decompose(found->second.first, out);
      if (found->second.second != 0) decompose(found->second.second, out);
    } else {
      out.push_back({c, combining_class(c)});
    }
  }

  /// The character that replaces the pair, or 0.
  char32_t compose(char32_t first, char32_t second) const {
    if (first >= kLeadBase && first < kLeadBase + kLeadCount && second >= kVowelBase &&
        second < kVowelBase + kVowelCount) {
      return kSyllableBase + ((first - kLeadBase) * kVowelCount + (second - kVowelBase)) * kTrailCount;
    }
    if (first >= kSyllableBase && first < kSyllableBase + kSyllableCount &&
        (first - kSyllableBase) % kTrailCount == 0 && second > kTrailBase &&
        second < kTrailBase + kTrailCount) {
      return first + (second - kTrailBase);
    }
    const auto found = compositions_.find(pair_key(first, second));
    return found == compositions_.end() ? 0 : found->second;
  }

 private:
  static std::uint64_t pair_key(char32_t first, char32_t second) {
    return (static_cast<std::uint64_t>(first) << 32U) | second;
  }

  std::vector<std::uint8_t> classes_;
  std::vector<bool> active_;
  std::unordered_map<char32_t, std::pair<char32_t, char32_t>> decompositions_;
  std::unordered_map<std::uint64_t, char32_t> compositions_;
};

const Tables& tables() {
  static const Tables instance;
  return instance;
}

std::vector<Symbol> decompose(std::string_view text, const Tables& data) {
  std::vector<Symbol> symbols;
  symbols.reserve(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    const base::Utf8Character character = base::decode_utf8(text, offset);
    offset += character.length;
    data.decompose(character.code_point, symbols);
  }
  // Canonical ordering: each run of marks by class, marks of one class in their old order.
  for (auto begin = symbols.begin(); begin != symbols.end();) {
    if (begin->combining_class == 0) {
      ++begin;
      continue;
    }
    const auto end =
        std::find_if(begin, symbols.end(), [](const Symbol& s) { return s.combining_class == 0; });
    const auto less = [](const Symbol& a, const Symbol& b) { return a.combining_class < b.combining_class; };
    if (!std::is_sorted(begin, end, less)) std::stable_sort(begin, end, less);
    begin = end;
  }
  return symbols;
}

void compose(std::vector<Symbol>& symbols, const Tables& data) {
  constexpr std::size_t kNoStarter = SIZE_MAX;
  std::size_t starter = kNoStarter;
  std::size_t size = 0;  // of the result, which is written over the source
  for (const Symbol symbol : symbols) {
    if (starter != kNoStarter) {
      const bool adjacent = size == starter + 1;
      const bool blocked = !adjacent && symbols[size - 1].combining_class >= symbol.combining_class;
      if (!blocked) {
        const char32_t composed = data.compose(symbols[starter].code_point, symbol.code_point);
        if (composed != 0) {
          symbols[starter].code_point = composed;
          continue;
        }
      }
    }
    if (symbol.combining_class == 0) starter = size;
    symbols[size++] = symbol;
  }
  symbols.resize(size);
}

std::string encode(const std::vector<Symbol>& symbols, std::size_t size_hint) {
  std::string out;
  out.reserve(size_hint);
  for (const Symbol& symbol : symbols) base::append_utf8(out, symbol.code_point);
  return out;
}

/// True when NFC surely leaves `text` alone.
bool is_inert(std::string_view text, const Tables& data) {
  for (std::size_t offset = 0; offset < text.size();) {
    if (static_cast<std::uint8_t>(text[offset]) < kFirstActiveLead) {
      ++offset;  // ASCII, a byte within a character, or the lead of one below U+0300
      continue;
    }
    const base::Utf8Character character = base::decode_utf8(text, offset);
    if (data.active(character.code_point)) return false;
    offset += character.length;
  }
  return true;
}

}  // namespace

std::string to_nfc(std::string_view text) {
  const Tables& data = tables();
  if (is_inert(text, data)) return std::string(text);
  std::vector<Symbol> symbols = decompose(text, data);
  compose(symbols, data);
  return encode(symbols, text.size());
}

std::string to_nfd(std::string_view text) {
  return encode(decompose(text, tables()), text.size());
}

}  // namespace axllama::text
