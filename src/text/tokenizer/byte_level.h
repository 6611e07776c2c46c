#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace axllama::text {

/// The printable letter that stands for `byte` in byte-level vocabularies (the table of GPT-2's encoder):
/// printable Latin-1 stands for itself, the other 68 bytes are U+0100 onwards. A space is "Ġ", a line feed
/// "Ċ".
char32_t byte_level_letter(std::uint8_t byte) noexcept;

/// `bytes` in byte-level letters, as vocabularies spell tokens.
std::string to_byte_level(std::string_view bytes);

/// The bytes that a token in byte-level letters stands for; nothing when it holds a character that is no such
/// letter.
std::optional<std::string> from_byte_level(std::string_view token);

}  // namespace axllama::text
