#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace axllama::text {

/// A set of Unicode scalar values (code points but surrogates). A value type.
class CharacterSet {
 public:
  struct Range {
    char32_t first;
    char32_t last;  // inclusive
    bool operator==(const Range&) const = default;
    auto operator<=>(const Range&) const = default;
  };

  CharacterSet() = default;
  CharacterSet(std::initializer_list<Range> ranges);
  /// Every scalar value.
  static CharacterSet all();

  /// Surrogates and what lies beyond U+10FFFF are left out.
  void add(char32_t first, char32_t last);
  void add(char32_t character) { add(character, character); }
  void add(const CharacterSet& other);

  CharacterSet complement() const;
  CharacterSet without(const CharacterSet& other) const;
  CharacterSet intersected(const CharacterSet& other) const;

  bool contains(char32_t character) const noexcept;
  bool empty() const noexcept { return ranges_.empty(); }
  /// Ascending, disjoint, not adjacent.
  const std::vector<Range>& ranges() const noexcept { return ranges_; }
  bool operator==(const CharacterSet&) const = default;
  auto operator<=>(const CharacterSet&) const = default;

 private:
  std::vector<Range> ranges_;
};

/// Byte ranges of which each stands for one byte of a character; the characters are their product.
struct Utf8Sequence {
  struct ByteRange {
    std::uint8_t first;
    std::uint8_t last;
    auto operator<=>(const ByteRange&) const = default;
  };
  std::array<ByteRange, 4> bytes{};
  std::uint8_t length = 0;
};

/// The UTF-8 forms of a set's characters, each in exactly one of the sequences.
std::vector<Utf8Sequence> utf8_sequences(const CharacterSet& set);

}  // namespace axllama::text
