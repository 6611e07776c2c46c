#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace axllama::text::gotemplate {

// Go's literals. Throw Failure (without offset) for what is not one.

/// The value of the inside of a quoted string: \a \b \f \n \r \t \v \\ \" \ooo \xhh \uhhhh \Uhhhhhhhh.
std::string unquote(std::string_view inside, char quote);
/// The code point of the inside of a character constant.
char32_t character_code(std::string_view inside);

/// A number with an optional sign: decimal, 0x, 0o, 0b, or octal with a leading 0. Nothing when it is none or
/// does not fit into 64 bits.
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_float(std::string_view text);
bool is_number(std::string_view text, bool as_float);

/// "text" in double quotes as Go's %q writes it.
std::string quote_text(std::string_view text);

}  // namespace axllama::text::gotemplate
