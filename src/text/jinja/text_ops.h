#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

// String operations that filters and methods share.

enum class StripSides : std::uint8_t { kLeft, kRight, kBoth };
std::string_view strip_space(std::string_view text, StripSides sides);
/// Drops code points that occur in `set`.
std::string_view strip(std::string_view text, std::string_view set, StripSides sides);

/// Lines without their ends, or with them; a line end at the very end begins no further line.
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);
bool ends_with_line_end(std::string_view text);

/// `text` with the first `most` (all when negative) occurrences replaced, as a value within the budget.
Value replaced(const std::string& text, const std::string& part, const std::string& by, std::int64_t most,
               Runtime& runtime);

enum class Justify : std::uint8_t { kLeft, kRight, kCenter };
/// Filled up to `width` code points with `fill`, which is one code point.
Value justified(const std::string& text, std::int64_t width, const std::string& fill, Justify side,
                Runtime& runtime);

}  // namespace axllama::text::jinja
