#include "text/gotemplate/number_text.h"

#include <array>
#include <cmath>

namespace axllama::text::gotemplate {
namespace {

template <typename... Format>
std::string characters(double value, Format... format) {
  std::array<char, 1400> buffer{};  // 309 digits before the point, at most 1000 after it
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...);
  return {buffer.data(), result.ptr};
}

}  // namespace

std::string float_characters(double value, std::chars_format format) {
  return characters(value, format);
}

std::string float_characters(double value, std::chars_format format, int precision) {
  return characters(value, format, precision);
}

int decimal_exponent(double value) {
  if (value == 0.0) {
    return 0;
  }
  const std::string text = characters(value, std::chars_format::scientific);
  return std::stoi(text.substr(text.find('e') + 1));
}

std::string special_float(double value, bool plus) {
  if (std::isnan(value)) {
    return plus ? "+NaN" : "NaN";
  }
  return value < 0 ? "-Inf" : "+Inf";
}

std::string shortest_float(double value) {
  if (!std::isfinite(value)) {
    return special_float(value, false);
  }
  const int exponent = decimal_exponent(value);
  return characters(
      value, exponent < -4 || exponent >= 6 ? std::chars_format::scientific : std::chars_format::fixed);
}

}  // namespace axllama::text::gotemplate
