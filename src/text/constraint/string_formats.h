#pragma once

#include <span>
#include <string_view>

namespace axllama::text {

/// The patterns of a `format` of JSON Schema, from the one that allows most to the one whose texts are
/// shortest. Each text of each is valid; not every valid text is among them (names in addresses are short).
/// Empty for a format that is not known.
std::span<const std::string_view> format_patterns(std::string_view format);

/// Whether JSON Schema defines the format, so that a validator would check it.
bool is_standard_format(std::string_view format);

}  // namespace axllama::text
