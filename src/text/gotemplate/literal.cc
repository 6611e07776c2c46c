#include "text/gotemplate/literal.h"

#include <charconv>

#include "base/utf8.h"
#include "text/gotemplate/error.h"

namespace axllama::text::gotemplate {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

char32_t read_digits(std::string_view text, std::size_t& at, int count, int base) {
  char32_t value = 0;
  for (int i = 0; i < count; ++i, ++at) {
    const int digit = at < text.size() ? hex_digit(text[at]) : 99;
    if (digit >= base) {
      fail("an escape in a string is cut short");
    }
    value = value * static_cast<char32_t>(base) + static_cast<char32_t>(digit);
  }
  return value;
}

/// Appends what the escape after a backslash at `at` stands for.
void append_escape(std::string_view inside, std::size_t& at, char quote, std::string& out) {
  static constexpr std::string_view kLetters = "abfnrtv\\";
  static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";
  const char c = at < inside.size() ? inside[at] : '\0';
  const std::size_t letter = kLetters.find(c);
  if (c != '\0' && letter != std::string_view::npos) {
    out += kMeanings[letter];
    ++at;
  } else if (c == quote) {
    out += c;
    ++at;
  } else if (c == 'x') {
    ++at;
    out += static_cast<char>(read_digits(inside, at, 2, 16));
  } else if (c == 'u' || c == 'U') {
    ++at;
    const char32_t code = read_digits(inside, at, c == 'u' ? 4 : 8, 16);
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
      fail("an escape in a string names no character");
    }
    base::append_utf8(out, code);
  } else if (c >= '0' && c <= '7') {
    const char32_t code = read_digits(inside, at, 3, 8);
    if (code > 0xFF) {
      fail("an octal escape in a string is more than \\377");
    }
    out += static_cast<char>(code);
  } else {
    fail("a string has an unknown escape");
  }
}

}  // namespace

std::string unquote(std::string_view inside, char quote) {
  std::string out;
  for (std::size_t at = 0; at < inside.size();) {
    if (inside[at] == '\\') {
      append_escape(inside, ++at, quote, out);
    } else {
      out += inside[at++];
    }
  }
  return out;
}

char32_t character_code(std::string_view inside) {
  const std::string text = unquote(inside, '\'');
  if (text.empty()) {
    fail("a character constant is empty");
  }
  const base::Utf8Character character = base::decode_utf8(text, 0);
  if (character.length != text.size()) {
    fail("a character constant has more than one character");
  }
  // An escape such as \xff stands for that value, although it is no UTF-8.
  return character.valid ? character.code_point : static_cast<unsigned char>(text[0]);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) {
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char prefix = static_cast<char>(text[1] | 0x20);
    base = prefix == 'x' ? 16 : (prefix == 'b' ? 2 : 8);
    text.remove_prefix(prefix == 'x' || prefix == 'b' || prefix == 'o' ? 2 : 1);
  }
  std::string signed_text = negative ? "-" : "";
  signed_text += text;
  std::int64_t value = 0;
  const char* end = signed_text.data() + signed_text.size();
  const auto result = std::from_chars(signed_text.data(), end, value, base);
  if (text.empty() || text[0] == '-' || result.ec != std::errc{} || result.ptr != end) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> parse_float(std::string_view text) {
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
  }
  double value = 0.0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

bool is_number(std::string_view text, bool as_float) {
  return as_float ? parse_float(text).has_value() : parse_integer(text).has_value();
}

std::string quote_text(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  static constexpr std::string_view kControls = "\a\b\f\n\r\t\v";
  static constexpr std::string_view kLetters = "abfnrtv";
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const base::Utf8Character c = base::decode_utf8(text, at);
    const char first = text[at];
    const std::size_t control = kControls.find(first);
    if (first == '"' || first == '\\') {
      out += {'\\', first};
    } else if (c.length == 1 && control != std::string_view::npos) {
      out += {'\\', kLetters[control]};
    } else if (!c.valid || c.code_point < 0x20 || c.code_point == 0x7F) {
      for (const char byte : text.substr(at, c.length)) {
        const auto bits = static_cast<unsigned char>(byte);
        out += {'\\', 'x', kHex[bits >> 4U], kHex[bits & 0xFU]};
      }
    } else {
      out += text.substr(at, c.length);
    }
    at += c.length;
  }
  return out + "\"";
}

}  // namespace axllama::text::gotemplate
