#include "text/jinja/format_spec.h"

#include <array>
#include <charconv>
#include <cmath>

#include "text/jinja/error.h"
#include "text/jinja/text_form.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

bool is_align(char32_t c) {
  return c == '<' || c == '>' || c == '^' || c == '=';
}

std::size_t parse_number(std::u32string_view text, std::size_t& at) {
  std::size_t number = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    number = number * 10 + (text[at++] - U'0');
    if (number > kMaxFormatWidth) {
      fail("a format width or precision is more than " + std::to_string(kMaxFormatWidth));
    }
  }
  return number;
}

std::string digits_of(std::uint64_t value, int base) {
  std::array<char, 65> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, base);
  return {buffer.data(), result.ptr};
}

std::string grouped(const std::string& digits, char separator, std::size_t every) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % every == 0) {
      out += separator;
    }
    out += digits[i];
  }
  return out;
}

std::string upper_ascii(std::string text) {
  for (char& c : text) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return text;
}

std::string sign_text(bool negative, char sign) {
  if (negative) {
    return "-";
  }
  return sign == '-' ? "" : std::string(1, sign);
}

/// `prefix` (sign, 0x) stays in front of padding when the alignment is '='.
std::string pad_number(const std::string& prefix, const std::string& body, const FormatSpec& spec) {
  if (spec.align != '=') {
    return pad_text(prefix + body, spec, '>');
  }
  FormatSpec rest = spec;
  rest.align = '>';
  rest.width = spec.width > prefix.size() ? spec.width - prefix.size() : 0;
  return prefix + pad_text(body, rest, '>');
}

std::string fixed_digits(double magnitude, std::chars_format format, int precision) {
  // The longest: 309 digits before the point, the precision after it.
  std::array<char, 400 + kMaxFormatPrecision> buffer{};
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude, format, precision);
  return {buffer.data(), result.ptr};
}

std::string float_body(double magnitude, char type, int precision) {
  const int digits = precision < 0 ? 6 : precision;
  switch (type) {
    case 'f':
    case 'F':
      return fixed_digits(magnitude, std::chars_format::fixed, digits);
    case '%':
      return fixed_digits(magnitude * 100.0, std::chars_format::fixed, digits) + "%";
    case 'e':
    case 'E':
      return fixed_digits(magnitude, std::chars_format::scientific, digits);
    case 'g':
    case 'G':
    case 'n':
      return fixed_digits(magnitude, std::chars_format::general, digits == 0 ? 1 : digits);
    default:
      break;
  }
  if (precision < 0) {
    return float_text(magnitude);
  }
  std::string text = fixed_digits(magnitude, std::chars_format::general, precision == 0 ? 1 : precision);
  if (text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

}  // namespace

FormatSpec parse_format_spec(std::string_view text) {
  const std::u32string points = decode(text);
  FormatSpec spec;
  std::size_t at = 0;
  const auto next_is = [&](char32_t c) { return at < points.size() && points[at] == c; };
  if (points.size() >= 2 && is_align(points[1])) {
    spec.fill = points[0];
    spec.align = static_cast<char>(points[1]);
    at = 2;
  } else if (!points.empty() && is_align(points[0])) {
    spec.align = static_cast<char>(points[0]);
    at = 1;
  }
  if (next_is('+') || next_is('-') || next_is(' ')) {
    spec.sign = static_cast<char>(points[at++]);
  }
  if (next_is('#')) {
    spec.alternate = true;
    ++at;
  }
  if (next_is('0')) {
    if (spec.align == 0) {
      spec.fill = '0';
      spec.align = '=';
    }
    ++at;
  }
  spec.width = parse_number(points, at);
  if (next_is(',') || next_is('_')) {
    spec.grouping = static_cast<char>(points[at++]);
  }
  if (next_is('.')) {
    const std::size_t begin = ++at;
    const std::size_t precision = parse_number(points, at);
    if (at == begin || precision > static_cast<std::size_t>(kMaxFormatPrecision)) {
      fail("the precision in the format '" + std::string(text) + "' is missing or more than " +
           std::to_string(kMaxFormatPrecision));
    }
    spec.precision = static_cast<int>(precision);
  }
  if (at < points.size() && points[at] < 0x80) {
    spec.type = static_cast<char>(points[at++]);
  }
  if (at != points.size()) {
    fail("'" + std::string(text) + "' is not a valid format");
  }
  return spec;
}

std::string pad_text(const std::string& text, const FormatSpec& spec, char default_align) {
  const std::size_t length = count_code_points(text);
  if (length >= spec.width) {
    return text;
  }
  const std::size_t missing = spec.width - length;
  const char align = spec.align == 0 ? default_align : spec.align;
  const std::size_t left = align == '<' ? 0 : (align == '^' ? missing / 2 : missing);
  std::string fill;
  append_code_point(fill, spec.fill);
  std::string out;
  for (std::size_t i = 0; i < left; ++i) {
    out += fill;
  }
  out += text;
  for (std::size_t i = left; i < missing; ++i) {
    out += fill;
  }
  return out;
}

std::string format_integer(std::int64_t value, const FormatSpec& spec) {
  const bool negative = value < 0;
  const std::uint64_t magnitude =
      negative ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
  std::string prefix = sign_text(negative, spec.sign);
  std::string digits;
  std::size_t group = 3;
  switch (spec.type) {
    case 0:
    case 'd':
    case 'n':
      digits = digits_of(magnitude, 10);
      break;
    case 'b':
    case 'o':
    case 'x':
    case 'X':
      digits = digits_of(magnitude, spec.type == 'b' ? 2 : (spec.type == 'o' ? 8 : 16));
      if (spec.type == 'X') {
        digits = upper_ascii(digits);
      }
      if (spec.alternate) {
        prefix += std::string("0") + spec.type;
      }
      group = 4;
      break;
    case 'c': {
      if (value < 0 || value > 0x10FFFF) {
        fail("the character code " + std::to_string(value) + " is out of range");
      }
      std::string character;
      append_code_point(character, static_cast<char32_t>(value));
      return pad_text(character, spec, '<');
    }
    default:
      return format_float(static_cast<double>(value), spec);
  }
  if (spec.grouping != 0) {
    digits = grouped(digits, spec.grouping, group);
  }
  return pad_number(prefix, digits, spec);
}

std::string format_float(double value, const FormatSpec& spec) {
  static constexpr std::string_view kTypes = "eEfFgGn%";
  if (spec.type != 0 && kTypes.find(spec.type) == std::string_view::npos) {
    fail(std::string("the format '") + spec.type + "' is not defined for a float");
  }
  const std::string prefix = sign_text(std::signbit(value) && !std::isnan(value), spec.sign);
  std::string body;
  if (std::isfinite(value)) {
    body = float_body(std::fabs(value), spec.type, spec.precision);
  } else {
    body = std::isnan(value) ? "nan" : "inf";
    body += spec.type == '%' ? "%" : "";
  }
  if (spec.type == 'E' || spec.type == 'G' || spec.type == 'F') {
    body = upper_ascii(body);
  }
  if (spec.grouping != 0) {
    const std::size_t whole = std::min(body.find_first_not_of("0123456789"), body.size());
    body = grouped(body.substr(0, whole), spec.grouping, 3) + body.substr(whole);
  }
  return pad_number(prefix, body, spec);
}

std::string format_value(const Value& value, const FormatSpec& spec, Runtime& runtime) {
  const bool plain = spec.align == 0 && spec.width == 0 && spec.precision < 0 && spec.type == 0 &&
                     spec.sign == '-' && spec.grouping == 0;
  if (value.is_float()) {
    return format_float(value.as_float(), spec);
  }
  if (value.is_int() || (value.is_bool() && !plain)) {
    if (spec.precision >= 0 && (spec.type == 0 || spec.type == 'd')) {
      fail("a precision is not allowed in the format of an integer");
    }
    return format_integer(value.as_int(), spec);
  }
  if (!value.is_string()) {
    if (!plain) {
      fail("'" + std::string(type_name(value)) + "' takes no format specification");
    }
    return to_text(value, runtime);
  }
  if (spec.type != 0 && spec.type != 's') {
    fail(std::string("the format '") + spec.type + "' is not defined for a string");
  }
  if (spec.align == '=' && spec.fill != '0') {
    fail("the alignment '=' is not allowed for a string");
  }
  std::string text = value.text();
  if (spec.precision >= 0) {
    text.resize(byte_offset(text, static_cast<std::size_t>(spec.precision)));
  }
  FormatSpec shown = spec;
  shown.align = spec.align == '=' ? '<' : spec.align;
  return pad_text(text, shown, '<');
}

}  // namespace axllama::text::jinja
