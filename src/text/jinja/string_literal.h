#pragma once

#include <string>
#include <string_view>

namespace axllama::text::jinja {

/// The value of a string literal's inside, with Python's escapes: \n \t \r \\ \' \" \a \b \f \v \ooo \xhh
/// \uhhhh
/// \Uhhhhhhhh, and backslash + line end for nothing; others stay as written. Throws Failure (kSyntax, no
/// offset) for an escape that is cut short or names no character.
std::string unescape_literal(std::string_view inside);

}  // namespace axllama::text::jinja
