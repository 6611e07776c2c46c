#include "text/jinja/number_text.h"

#include <charconv>
#include <cstdlib>
#include <limits>
#include <string>

#include "text/jinja/text_ops.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

/// Without single underscores between digits; nothing when one stands elsewhere.
std::optional<std::string> without_underscores(std::string_view text) {
  const auto is_digit_at = [&](std::size_t i) {
    return i < text.size() && ((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'z') ||
                               (text[i] >= 'A' && text[i] <= 'Z'));
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
    } else if (i == 0 || !is_digit_at(i - 1) || !is_digit_at(i + 1)) {
      return std::nullopt;
    }
  }
  return out;
}

int base_of_prefix(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') {
    return 0;
  }
  switch (text[1]) {
    case 'x':
    case 'X':
      return 16;
    case 'o':
    case 'O':
      return 8;
    case 'b':
    case 'B':
      return 2;
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  text = strip_space(text, StripSides::kBoth);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const int prefixed = base_of_prefix(text);
  if (prefixed != 0 && (base == prefixed || base == 0)) {
    text.remove_prefix(2);
    base = prefixed;
    if (text.substr(0, 1) == "_") {
      text.remove_prefix(1);
    }
  }
  base = base == 0 ? 10 : base;
  const auto digits = without_underscores(text);
  if (!digits || digits->empty() || base < 2 || base > 36 || digits->front() == '-') {
    return std::nullopt;
  }
  std::uint64_t magnitude = 0;
  const auto result = std::from_chars(digits->data(), digits->data() + digits->size(), magnitude, base);
  if (result.ec != std::errc{} || result.ptr != digits->data() + digits->size()) {
    return std::nullopt;
  }
  const std::uint64_t most =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + (negative ? 1 : 0);
  if (magnitude > most) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(negative ? ~magnitude + 1 : magnitude);
}

std::optional<double> parse_float(std::string_view text) {
  text = strip_space(text, StripSides::kBoth);
  const auto plain = without_underscores(text);
  if (!plain || plain->empty()) {
    return std::nullopt;
  }
  std::string_view digits = *plain;
  const bool negative = digits[0] == '-';
  if (negative || digits[0] == '+') {
    digits.remove_prefix(1);
  }
  const std::string lower = to_lower(digits);
  double value = 0.0;
  if (lower == "inf" || lower == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (lower == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    // from_chars reads words, too, which are done above.
    if (digits.empty() || !((digits[0] >= '0' && digits[0] <= '9') || digits[0] == '.')) {
      return std::nullopt;
    }
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec == std::errc::result_out_of_range && result.ptr == digits.data() + digits.size()) {
      value = std::strtod(std::string(digits).c_str(), nullptr);
    } else if (result.ec != std::errc{} || result.ptr != digits.data() + digits.size()) {
      return std::nullopt;
    }
  }
  return negative ? -value : value;
}

}  // namespace axllama::text::jinja
