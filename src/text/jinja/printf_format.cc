#include "text/jinja/printf_format.h"

#include <cmath>

#include "text/jinja/error.h"
#include "text/jinja/format_spec.h"
#include "text/jinja/text_form.h"
#include "text/jinja/unicode.h"

namespace axllama::text::jinja {
namespace {

/// One "%..." directive after another, consuming arguments.
class PrintfFormatter {
 public:
  PrintfFormatter(const std::string& format, const Value& values, Runtime& runtime)
      : format_(format), values_(values), runtime_(runtime) {}

  std::string run() {
    std::string out;
    while (at_ < format_.size()) {
      const std::size_t percent = std::min(format_.find('%', at_), format_.size());
      out.append(format_, at_, percent - at_);
      at_ = percent;
      if (at_ < format_.size()) {
        ++at_;
        out += directive();
        runtime_.budget().step();
        runtime_.budget().expect_room(out.size());
      }
    }
    // What can be subscripted may go unused, as a dict of which the format takes only some members.
    const bool is_mapping = values_.is_undefined() || values_.is(ObjectKind::kDict) ||
                            values_.is(ObjectKind::kList) || values_.is(ObjectKind::kRange);
    if (!is_mapping && used_ < argument_count()) {
      fail("not all arguments were converted by the format string");
    }
    return out;
  }

 private:
  bool is_tuple() const { return values_.is(ObjectKind::kTuple); }
  std::size_t argument_count() const { return is_tuple() ? values_.as<Tuple>().items.size() : 1; }

  char peek() const { return at_ < format_.size() ? format_[at_] : '\0'; }
  char take() {
    if (at_ >= format_.size()) {
      fail("the format string ends within a directive");
    }
    return format_[at_++];
  }

  const Value& next_argument() {
    if (used_ >= argument_count()) {
      fail("there are not enough arguments for the format string");
    }
    const std::size_t index = used_++;
    return is_tuple() ? values_.as<Tuple>().items[index] : values_;
  }

  const Value& named_argument() {
    const std::size_t begin = at_;
    int nesting = 1;
    while (nesting > 0) {
      const char c = take();
      nesting += c == '(' ? 1 : (c == ')' ? -1 : 0);
    }
    const std::string key = format_.substr(begin, at_ - 1 - begin);
    if (!values_.is(ObjectKind::kDict)) {
      fail("the format needs a dict for '%(" + key + ")'");
    }
    const Value* found = values_.as<Dict>().find(key);
    if (found == nullptr) {
      fail("the format names the missing key '" + key + "'");
    }
    return *found;
  }

  std::size_t number() {
    if (peek() == '*') {
      ++at_;
      const Value& value = next_argument();
      if (!value.is_integral() || value.as_int() < 0 ||
          value.as_int() > static_cast<std::int64_t>(kMaxFormatWidth)) {
        fail("'*' needs an integer from 0 to " + std::to_string(kMaxFormatWidth));
      }
      return static_cast<std::size_t>(value.as_int());
    }
    std::size_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + static_cast<std::size_t>(take() - '0');
      if (value > kMaxFormatWidth) {
        fail("a format width or precision is more than " + std::to_string(kMaxFormatWidth));
      }
    }
    return value;
  }

  std::string directive() {
    FormatSpec spec;
    const Value* value = nullptr;
    if (peek() == '(') {
      ++at_;
      value = &named_argument();
    }
    bool zero = false;
    for (;; ++at_) {
      if (peek() == '-') {
        spec.align = '<';
      } else if (peek() == '0') {
        zero = true;
      } else if (peek() == '+' || (peek() == ' ' && spec.sign != '+')) {
        spec.sign = peek();
      } else if (peek() == '#') {
        spec.alternate = true;
      } else if (peek() != ' ') {
        break;
      }
    }
    spec.width = number();
    if (peek() == '.') {
      ++at_;
      const std::size_t precision = number();
      if (precision > static_cast<std::size_t>(kMaxFormatPrecision)) {
        fail("a format precision is more than " + std::to_string(kMaxFormatPrecision));
      }
      spec.precision = static_cast<int>(precision);
    }
    while (peek() == 'l' || peek() == 'h' || peek() == 'L') {
      ++at_;
    }
    spec.type = take();
    if (spec.type == '%') {
      return "%";
    }
    if (value == nullptr) {
      value = &next_argument();
    }
    if (zero && spec.align == 0) {
      spec.fill = '0';
      spec.align = '=';
    }
    return convert(*value, spec);
  }

  std::string convert(const Value& value, FormatSpec& spec) {
    switch (spec.type) {
      case 's':
      case 'r':
      case 'a':
        return convert_text(spec.type == 's' ? to_text(value, runtime_) : to_repr(value, runtime_), spec);
      case 'c':
        return convert_character(value, spec);
      case 'd':
      case 'i':
      case 'u':
      case 'o':
      case 'x':
      case 'X':
        return convert_integer(value, spec);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        expect_number(value, spec.type);
        return format_float(value.as_float(), spec);
      default:
        fail(std::string("'%") + spec.type + "' is not a format directive");
    }
  }

  std::string convert_text(std::string text, FormatSpec& spec) {
    if (spec.precision >= 0) {
      text.resize(byte_offset(text, static_cast<std::size_t>(spec.precision)));
    }
    if (spec.align == '=') {
      spec.align = '>';
    }
    spec.fill = ' ';
    return pad_text(text, spec, '>');
  }

  std::string convert_character(const Value& value, FormatSpec& spec) {
    if (value.is_string() && value.as_string()->length() == 1) {
      return convert_text(value.text(), spec);
    }
    if (!value.is_integral() || value.as_int() < 0 || value.as_int() > 0x10FFFF) {
      fail("'%c' needs a character or its code");
    }
    std::string text;
    append_code_point(text, static_cast<char32_t>(value.as_int()));
    return convert_text(text, spec);
  }

  static void expect_number(const Value& value, char type) {
    if (value.is_undefined()) {
      value.fail_undefined();
    }
    if (!value.is_number()) {
      fail(std::string("'%") + type + "' needs a number, not '" + std::string(type_name(value)) + "'");
    }
  }

  static std::string convert_integer(const Value& value, FormatSpec& spec) {
    expect_number(value, spec.type);
    if (value.is_float() && (spec.type == 'o' || spec.type == 'x' || spec.type == 'X')) {
      fail(std::string("'%") + spec.type + "' needs an integer, not 'float'");
    }
    if (value.is_float() && !(std::fabs(value.as_float()) < 9.2e18)) {
      fail("the float does not fit into a 64-bit integer");
    }
    const std::int64_t number =
        value.is_float() ? static_cast<std::int64_t>(value.as_float()) : value.as_int();
    if (spec.type == 'i' || spec.type == 'u') {
      spec.type = 'd';
    }
    if (spec.precision < 0) {
      return format_integer(number, spec);
    }
    // The precision is the least number of digits.
    FormatSpec digits = spec;
    digits.fill = '0';
    digits.align = '=';
    digits.width = static_cast<std::size_t>(spec.precision) + (number < 0 || spec.sign != '-' ? 1 : 0) +
                   (spec.alternate && spec.type != 'd' ? 2 : 0);
    if (spec.align == '=') {
      spec.align = '>';
      digits.width = std::max(digits.width, spec.width);
    }
    spec.fill = ' ';
    return pad_text(format_integer(number, digits), spec, '>');
  }

  const std::string& format_;
  const Value& values_;
  Runtime& runtime_;
  std::size_t at_ = 0;
  std::size_t used_ = 0;
};

}  // namespace

std::string format_printf(const std::string& format, const Value& values, Runtime& runtime) {
  return PrintfFormatter(format, values, runtime).run();
}

}  // namespace axllama::text::jinja
