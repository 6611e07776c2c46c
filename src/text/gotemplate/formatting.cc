#include <array>
#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "text/gotemplate/error.h"
#include "text/gotemplate/limits.h"
#include "text/gotemplate/literal.h"
#include "text/gotemplate/number_text.h"
#include "text/gotemplate/printing.h"

namespace axllama::text::gotemplate {
namespace {

constexpr int kMaxWidth = 100'000;
constexpr int kMaxPrecision = 1000;

/// One directive of a format: %[flags][width][.precision]verb.
struct Directive {
  bool minus = false;
  bool plus = false;
  bool space = false;
  bool zero = false;
  bool sharp = false;
  int width = 0;
  int precision = -1;
  char32_t verb = 0;
};

class Formatter {
 public:
  Formatter(const std::string& format, std::span<const Value> values) : format_(format), values_(values) {}

  std::string run() {
    std::string out;
    while (at_ < format_.size()) {
      const std::size_t percent = std::min(format_.find('%', at_), format_.size());
      out.append(format_, at_, percent - at_);
      at_ = percent;
      if (at_ < format_.size()) {
        ++at_;
        out += directive();
      }
      if (out.size() > kMaxOutputBytes) {
        fail("a formatted text is longer than the limit");
      }
    }
    if (used_ < values_.size()) {
      out += "%!(EXTRA ";
      for (std::size_t i = used_; i < values_.size(); ++i) {
        out += (i == used_ ? "" : ", ") + std::string(type_of(values_[i])) + "=" + plain_text(values_[i], 0);
      }
      out += ")";
    }
    return out;
  }

 private:
  static std::string_view type_of(const Value& value) {
    return value.is_float() ? "float64" : (value.is_null() ? "<nil>" : type_name(value));
  }

  int number(int most) {
    if (at_ < format_.size() && format_[at_] == '*') {
      ++at_;
      if (used_ < values_.size() && values_[used_].is_integer()) {
        const std::int64_t value = values_[used_++].integer();
        return value >= 0 && value <= most ? static_cast<int>(value) : 0;
      }
      return 0;
    }
    int value = 0;
    while (at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9') {
      value = value * 10 + (format_[at_++] - '0');
      if (value > most) {
        fail("a width or precision in a format is more than " + std::to_string(most));
      }
    }
    return value;
  }

  std::string directive() {
    Directive d;
    for (; at_ < format_.size(); ++at_) {
      const char c = format_[at_];
      if (c == '-') {
        d.minus = true;
      } else if (c == '+') {
        d.plus = true;
      } else if (c == ' ') {
        d.space = true;
      } else if (c == '0') {
        d.zero = true;
      } else if (c == '#') {
        d.sharp = true;
      } else {
        break;
      }
    }
    d.width = number(kMaxWidth);
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      d.precision = number(kMaxPrecision);
    }
    if (at_ >= format_.size()) {
      return "%!(NOVERB)";
    }
    const base::Utf8Character verb = base::decode_utf8(format_, at_);
    const std::string verb_text = format_.substr(at_, verb.length);
    at_ += verb.length;
    d.verb = verb.code_point;
    if (d.verb == '%') {
      return "%";
    }
    if (used_ >= values_.size()) {
      return "%!" + verb_text + "(MISSING)";
    }
    const Value& value = values_[used_++];
    return formatted(value, d, verb_text);
  }

  static std::string bad_verb(const Value& value, const std::string& verb) {
    if (value.is_null()) {
      return "%!" + verb + "(<nil>)";
    }
    return "%!" + verb + "(" + std::string(type_of(value)) + "=" + plain_text(value, 0) + ")";
  }

  static std::string padded(const std::string& text, const Directive& d, bool number) {
    const auto length = static_cast<int>(base::utf8_length(text));
    if (length >= d.width) {
      return text;
    }
    const auto missing = static_cast<std::size_t>(d.width - length);
    if (d.minus) {
      return text + std::string(missing, ' ');
    }
    if (d.zero && number) {
      const bool has_sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
      const std::size_t sign = has_sign ? 1 : 0;
      return text.substr(0, sign) + std::string(missing, '0') + text.substr(sign);
    }
    return std::string(missing, d.zero ? '0' : ' ') + text;
  }

  static std::string cut(const std::string& text, const Directive& d) {
    if (d.precision < 0) {
      return text;
    }
    std::size_t at = 0;
    for (int i = 0; i < d.precision && at < text.size(); ++i) {
      at += base::decode_utf8(text, at).length;
    }
    return text.substr(0, at);
  }

  static std::string with_sign(std::string text, bool negative, const Directive& d) {
    if (negative) {
      return "-" + text;
    }
    return (d.plus ? "+" : (d.space ? " " : "")) + text;
  }

  static std::string integer_text(std::int64_t value, int base, const Directive& d) {
    const bool negative = value < 0;
    const std::uint64_t magnitude =
        negative ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
    std::array<char, 65> buffer{};
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude, base);
    std::string digits(buffer.data(), result.ptr);
    if (d.verb == 'X') {
      for (char& c : digits) {
        c = c >= 'a' ? static_cast<char>(c - 32) : c;
      }
    }
    if (d.precision > static_cast<int>(digits.size())) {
      digits.insert(0, static_cast<std::size_t>(d.precision) - digits.size(), '0');
    }
    if (d.sharp && base == 16) {
      digits.insert(0, d.verb == 'X' ? "0X" : "0x");
    }
    return with_sign(digits, negative, d);
  }

  static std::string float_text(double value, const Directive& d) {
    if (!std::isfinite(value)) {
      return special_float(value, d.plus);
    }
    const double magnitude = std::fabs(value);
    const int digits = d.precision < 0 ? 6 : d.precision;
    std::string text;
    switch (d.verb) {
      case 'f':
      case 'F':
        text = float_characters(magnitude, std::chars_format::fixed, digits);
        break;
      case 'e':
      case 'E':
        text = float_characters(magnitude, std::chars_format::scientific, digits);
        break;
      default:
        text = d.precision < 0 ? shortest_float(magnitude)
                               : float_characters(magnitude, std::chars_format::general, std::max(digits, 1));
    }
    if (d.verb == 'E' || d.verb == 'G') {
      for (char& c : text) {
        c = c == 'e' ? 'E' : c;
      }
    }
    return with_sign(text, std::signbit(value), d);
  }

  static std::string hex_text(const std::string& text, bool upper) {
    const std::string_view digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      out += {digits[byte >> 4U], digits[byte & 0xFU]};
    }
    return out;
  }

  static std::string formatted(const Value& value, const Directive& d, const std::string& verb) {
    if (d.verb == 'T') {
      return padded(std::string(type_of(value)), d, false);
    }
    if (value.is_list() && !value.as_json) {
      std::string out = "[";
      for (const Json& item : value.json()) {
        out += (out.size() == 1 ? "" : " ") + formatted(value.part(item), d, verb);
      }
      return out + "]";
    }
    if (value.is_null()) {
      return d.verb == 'v' ? padded("<nil>", d, false) : bad_verb(value, verb);
    }
    if (value.is_integer()) {
      return formatted_integer(value, d, verb);
    }
    if (value.is_float()) {
      const bool fits = d.verb == 'v' || d.verb == 'f' || d.verb == 'F' || d.verb == 'e' || d.verb == 'E' ||
                        d.verb == 'g' || d.verb == 'G';
      return fits ? padded(float_text(value.json().get<double>(), d), d, true) : bad_verb(value, verb);
    }
    if (value.is_bool()) {
      return d.verb == 'v' || d.verb == 't' ? padded(plain_text(value, 0), d, false) : bad_verb(value, verb);
    }
    const std::string text = value.is_string() ? value.text() : plain_text(value, 0);
    switch (d.verb) {
      case 'v':
      case 's':
        return padded(cut(text, d), d, false);
      case 'q':
        return padded(quote_text(cut(text, d)), d, false);
      case 'x':
      case 'X':
        return padded(hex_text(text, d.verb == 'X'), d, false);
      default:
        return bad_verb(value, verb);
    }
  }

  static std::string formatted_integer(const Value& value, const Directive& d, const std::string& verb) {
    const std::int64_t number = value.integer();
    switch (d.verb) {
      case 'v':
      case 'd':
        return padded(integer_text(number, 10, d), d, true);
      case 'b':
        return padded(integer_text(number, 2, d), d, true);
      case 'o':
        return padded(integer_text(number, 8, d), d, true);
      case 'x':
      case 'X':
        return padded(integer_text(number, 16, d), d, true);
      case 'c':
      case 'q': {
        std::string text;
        base::append_utf8(text, number >= 0 && number <= 0x10FFFF ? static_cast<char32_t>(number)
                                                                  : base::kReplacementCharacter);
        if (d.verb == 'q') {
          text = text == "'" ? "\\'" : (text == "\"" ? "\"" : quote_text(text));
          text = text.size() > 2 && text.front() == '"' ? text.substr(1, text.size() - 2) : text;
          text = "'" + text + "'";
        }
        return padded(text, d, false);
      }
      default:
        return bad_verb(value, verb);
    }
  }

  const std::string& format_;
  std::span<const Value> values_;
  std::size_t at_ = 0;
  std::size_t used_ = 0;
};

}  // namespace

std::string print_formatted(const std::string& format, std::span<const Value> values) {
  return Formatter(format, values).run();
}

}  // namespace axllama::text::gotemplate
