#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "text/jinja/arguments.h"
#include "text/jinja/error.h"
#include "text/jinja/filter_groups.h"
#include "text/jinja/number_text.h"
#include "text/jinja/operators.h"

namespace axllama::text::jinja {
namespace {

Value absolute(Runtime& /*runtime*/, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("abs", arguments, {}, 0);
  if (!input.is_number()) {
    fail("abs() needs a number, not '" + std::string(type_name(input)) + "'");
  }
  if (input.is_float()) {
    return Value(std::fabs(input.as_float()));
  }
  return input.as_int() < 0 ? negate(input) : Value(input.as_int());
}

Value truncated(double value) {
  if (std::isnan(value)) {
    return {};
  }
  if (std::fabs(value) >= 9223372036854775808.0) {
    fail("the float does not fit into a 64-bit integer");
  }
  return Value(static_cast<std::int64_t>(value));
}

Value to_integer(Runtime& /*runtime*/, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("int", arguments, {"default", "base"}, 0);
  const Value otherwise = bound.has(0) ? bound.at(0) : Value(std::int64_t{0});
  if (input.is_undefined()) {
    input.fail_undefined();
  }
  if (input.is_integral()) {
    return Value(input.as_int());
  }
  std::optional<double> number;
  if (input.is_string()) {
    if (const auto integer = parse_integer(input.text(), static_cast<int>(bound.integer(1, 10)))) {
      return Value(*integer);
    }
    number = parse_float(input.text());
  } else if (input.is_float()) {
    number = input.as_float();
  }
  const Value result = number ? truncated(*number) : Value();
  return result.is_undefined() ? otherwise : result;
}

Value to_float(Runtime& /*runtime*/, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("float", arguments, {"default"}, 0);
  if (input.is_undefined()) {
    input.fail_undefined();
  }
  if (input.is_number()) {
    return Value(input.as_float());
  }
  if (input.is_string()) {
    if (const auto number = parse_float(input.text())) {
      return Value(*number);
    }
  }
  return bound.has(0) ? bound.at(0) : Value(0.0);
}

/// To `precision` decimal places, ties to even, decided on the exact binary value.
double rounded(double value, std::int64_t precision) {
  if (!std::isfinite(value) || precision > 330) {
    return value;
  }
  if (precision < 0) {
    const double scale = precision < -308 ? 0.0 : std::pow(10.0, static_cast<double>(-precision));
    return scale == 0.0 ? std::copysign(0.0, value) : std::nearbyint(value / scale) * scale;
  }
  std::array<char, 700> buffer{};
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                     std::chars_format::fixed, static_cast<int>(precision));
  double result = value;
  std::from_chars(buffer.data(), written.ptr, result);
  return result;
}

Value rounded_integer(std::int64_t value, std::int64_t precision) {
  if (precision >= 0) {
    return Value(value);
  }
  if (precision < -18) {
    return Value(std::int64_t{0});
  }
  std::int64_t unit = 1;
  for (std::int64_t i = precision; i < 0; ++i) {
    unit *= 10;
  }
  std::int64_t rest = value % unit;
  rest += rest < 0 ? unit : 0;
  const std::int64_t down = value - rest;
  const bool odd = (down / unit) % 2 != 0;
  const bool up = rest > unit / 2 || (rest == unit / 2 && odd);
  std::int64_t result = down;
  if (up && __builtin_add_overflow(down, unit, &result)) {
    fail("the result does not fit into a 64-bit integer");
  }
  return Value(result);
}

Value round(Runtime& /*runtime*/, const Value& input, const Arguments& arguments) {
  const BoundArguments bound("round", arguments, {"precision", "method"}, 0);
  const std::int64_t precision = bound.integer(0, 0);
  const std::string method = bound.has(1) ? expect_text(bound.at(1), "method") : "common";
  if (method != "common" && method != "ceil" && method != "floor") {
    fail("the method of round() must be 'common', 'ceil' or 'floor', not '" + method + "'");
  }
  if (input.is_undefined()) {
    input.fail_undefined();
  }
  if (!input.is_number()) {
    fail("round() needs a number, not '" + std::string(type_name(input)) + "'");
  }
  if (method == "common") {
    return input.is_float() ? Value(rounded(input.as_float(), precision))
                            : rounded_integer(input.as_int(), precision);
  }
  if (std::abs(precision) > 300) {
    fail("the precision of round() is out of range");
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = input.as_float() * scale;
  if (!std::isfinite(scaled)) {
    fail("round() cannot make an integer of infinity");
  }
  return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

}  // namespace

std::span<const NamedFilter> number_filters() {
  static constexpr std::array kFilters = {
      NamedFilter{"abs", absolute},
      NamedFilter{"int", to_integer},
      NamedFilter{"float", to_float},
      NamedFilter{"round", round},
  };
  return kFilters;
}

}  // namespace axllama::text::jinja
