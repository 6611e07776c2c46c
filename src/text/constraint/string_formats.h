#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "text/constraint/grammar.h"

namespace axllama::text {

/// The patterns of a `format` of JSON Schema, from the one that allows most to the one whose texts are
/// shortest. Each text of each is valid; not every valid text is among them (names in addresses are short).
/// Empty for a format that is not known.
std::span<const std::string_view> format_patterns(std::string_view format);

/// What is so of every valid text of a format, also of those that are not written here.
struct FormatFacts {
  std::string_view name;
  std::uint32_t min_length = 0;  // in characters
  std::uint32_t max_length = Grammar::kUnbounded;
  char needed = 0;            // a character that it holds; 0: none is known
  std::string_view alphabet;  // the characters that it may hold; empty: not known

  /// Whether the text cannot be valid.
  bool exclude(std::string_view text) const;
  /// Whether no text can be valid for both.
  bool exclude(const FormatFacts& other) const;
};

/// Facts of a format of which nothing is known say nothing.
FormatFacts facts_of_format(std::string_view format);

/// Whether JSON Schema defines the format, so that a validator would check it.
bool is_standard_format(std::string_view format);

}  // namespace axllama::text
