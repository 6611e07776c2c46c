#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace axllama::text::jinja {

/// int(text, base) as Python reads it: blanks around, a sign, single underscores, and the prefix of bases 2,
/// 8 and 16 (base 0: as the prefix says). Nothing when it is no such number or needs more than 64 bits.
std::optional<std::int64_t> parse_integer(std::string_view text, int base);

/// float(text) as Python reads it, "inf", "infinity" and "nan" included.
std::optional<double> parse_float(std::string_view text);

}  // namespace axllama::text::jinja
