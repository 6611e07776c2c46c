#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace axllama::base {

/// U+FFFD REPLACEMENT CHARACTER, as a code point and as UTF-8.
inline constexpr char32_t kReplacementCharacter = 0xFFFD;
inline constexpr std::string_view kReplacementUtf8 = "\xEF\xBF\xBD";

/// One character of a UTF-8 text. `length` is the number of bytes it takes (1 to 4). When the bytes are
/// ill-formed, `valid` is false, `code_point` is U+FFFD and `length` covers the maximal subpart: the longest
/// beginning of a well-formed sequence, or one byte (The Unicode Standard, section 3.9, "U+FFFD Substitution
/// of Maximal Subparts").
struct Utf8Character {
  char32_t code_point;
  std::uint8_t length;
  bool valid;
};

/// The character at `offset`, which must be less than text.size().
Utf8Character decode_utf8(std::string_view text, std::size_t offset) noexcept;

/// Appends `code_point` as UTF-8. Surrogates and values above U+10FFFF are appended as U+FFFD.
void append_utf8(std::string& out, char32_t code_point);

/// True for well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF).
bool is_valid_utf8(std::string_view text) noexcept;

/// `text` with each ill-formed maximal subpart replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);

/// Number of bytes at the end of `text` that begin a well-formed character and are too few for it: 0 to 3.
/// More bytes may complete it; all bytes before it can be judged now.
std::size_t incomplete_utf8_suffix(std::string_view text) noexcept;

/// Number of characters, counting each ill-formed maximal subpart as one.
std::size_t utf8_length(std::string_view text) noexcept;

}  // namespace axllama::base
