#include "text/jinja/string_literal.h"

#include <algorithm>
#include <cstddef>

#include "text/jinja/error.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

[[noreturn]] void fail_escape(const std::string& escape, const std::string& reason) {
  throw Failure(ErrorKind::kSyntax, "the escape '\\" + escape + "' in a string " + reason);
}

/// Reads exactly `digits` hexadecimal digits at `at`, after the letter of the escape.
char32_t read_hex(std::string_view text, std::size_t& at, int digits, char letter) {
  char32_t value = 0;
  for (int i = 0; i < digits; ++i) {
    const int digit = at < text.size() ? hex_digit(text[at]) : -1;
    if (digit < 0) {
      fail_escape(std::string(1, letter), "needs " + std::to_string(digits) + " hexadecimal digits");
    }
    value = value * 16 + static_cast<char32_t>(digit);
    ++at;
  }
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    fail_escape(std::string(1, letter), "does not name a character");
  }
  return value;
}

char32_t read_octal(std::string_view text, std::size_t& at) {
  char32_t value = 0;
  for (int i = 0; i < 3 && at < text.size() && text[at] >= '0' && text[at] <= '7'; ++i) {
    value = value * 8 + static_cast<char32_t>(text[at++] - '0');
  }
  return value;
}

}  // namespace

std::string unescape_literal(std::string_view inside) {
  static constexpr std::string_view kLetters = "\\'\"abfnrtv";
  static constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
  std::string out;
  out.reserve(inside.size());
  for (std::size_t at = 0; at < inside.size();) {
    const std::size_t backslash = std::min(inside.find('\\', at), inside.size());
    out += inside.substr(at, backslash - at);
    at = backslash + 1;
    if (at >= inside.size()) {
      out += inside.substr(backslash);
      break;
    }
    const char c = inside[at];
    const std::size_t letter = kLetters.find(c);
    if (letter != std::string_view::npos) {
      out += kMeanings[letter];
      ++at;
    } else if (c == '\n') {
      ++at;
    } else if (c >= '0' && c <= '7') {
      append_code_point(out, read_octal(inside, at));
    } else if (c == 'x' || c == 'u' || c == 'U') {
      ++at;
      append_code_point(out, read_hex(inside, at, c == 'x' ? 2 : (c == 'u' ? 4 : 8), c));
    } else if (c == 'N') {
      fail_escape("N", "is not supported; write \\u and the number of the character");
    } else {
      out += '\\';
    }
  }
  return out;
}

}  // namespace axllama::text::jinja
