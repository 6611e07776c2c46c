#pragma once

#include <cstdint>

namespace axllama::text {

/// Properties of a code point that split patterns ask for, as bits. Unicode 16 (kNumeric: Unicode 17), the
/// versions of the reference implementation; see make_unicode_data.py.
enum CharacterClass : std::uint8_t {
  kLetter = 1,    // General_Category L*
  kNumber = 2,    // General_Category N*
  kMark = 4,      // General_Category M*
  kSpace = 8,     // White_Space
  kWord = 16,     // \w: alphabetic, mark, decimal digit, connector punctuation, join control
  kNumeric = 32,  // General_Category N* of the newer version
  kNewer = 64,    // has another General_Category in Unicode 14 (see StandIn)
};

/// One byte of CharacterClass bits for each code point up to U+10FFFF.
using CharacterClassTable = const std::uint8_t*;

/// The table; built on first use (1.1 MB, a millisecond), then shared by all threads. Keep the pointer in
/// loops.
CharacterClassTable character_classes() noexcept;

/// Bits of CharacterClass for `code_point`; 0 above U+10FFFF.
inline std::uint8_t character_class(char32_t code_point) noexcept {
  return code_point <= 0x10FFFF ? character_classes()[code_point] : std::uint8_t{0};
}

}  // namespace axllama::text
