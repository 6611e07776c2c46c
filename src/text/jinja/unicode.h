#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace axllama::text::jinja {

/// One code point and how many bytes it takes. A byte that is not part of well-formed UTF-8 counts as one
/// code point of its own, kStrayByte + its value, so that every string has a length and can be taken apart
/// and put together again.
struct CodePoint {
  char32_t value;
  std::size_t bytes;
};
inline constexpr char32_t kStrayByte = 0xDC00;

/// The code point that begins at `offset`, which must be less than the size.
CodePoint decode_code_point(std::string_view text, std::size_t offset) noexcept;
/// The one that ends before `offset`, which must be more than 0.
CodePoint decode_code_point_before(std::string_view text, std::size_t offset) noexcept;
void append_code_point(std::string& out, char32_t value);

std::size_t count_code_points(std::string_view text) noexcept;
/// The byte at which code point `index` begins; the size when the text has no more than `index`.
std::size_t byte_offset(std::string_view text, std::size_t index) noexcept;
std::u32string decode(std::string_view text);
std::string encode(std::u32string_view points);

// Character classes as Python's str methods define them.
bool is_alpha(char32_t c) noexcept;
bool is_decimal(char32_t c) noexcept;
bool is_digit(char32_t c) noexcept;
bool is_numeric(char32_t c) noexcept;
bool is_alnum(char32_t c) noexcept;
bool is_upper(char32_t c) noexcept;
bool is_lower(char32_t c) noexcept;
bool is_titlecase(char32_t c) noexcept;  // a letter such as U+01C5, neither upper nor lower case
bool is_cased(char32_t c) noexcept;
bool is_space(char32_t c) noexcept;
bool is_printable(char32_t c) noexcept;
bool is_identifier_start(char32_t c) noexcept;
bool is_identifier_part(char32_t c) noexcept;

// Case mapping as Python's str methods do it: full mappings, so that the result may be longer.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
/// The first character in title case, the others in lower case.
std::string to_capitalized(std::string_view text);
/// Every run of cased characters capitalized.
std::string to_title(std::string_view text);

}  // namespace axllama::text::jinja
