#include "base/duration.h"

#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/error.h"

namespace axllama::base {
namespace {

constexpr std::uint64_t kLargest = std::uint64_t{1} << 63U;  // magnitude of the most negative duration

[[noreturn]] void fail(std::string_view reason, std::string_view text) {
  throw Error(ErrorCode::kInvalidArgument,
              "time: " + std::string(reason) + " duration \"" + std::string(text) + "\"");
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::uint64_t unit_nanoseconds(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kUnits{{{"ns", 1},
                                                                              {"us", 1'000},
                                                                              {"\u00b5s", 1'000},
                                                                              {"\u03bcs", 1'000},
                                                                              {"ms", 1'000'000},
                                                                              {"s", 1'000'000'000},
                                                                              {"m", 60'000'000'000},
                                                                              {"h", 3'600'000'000'000}}};
  for (const auto& [name, nanoseconds] : kUnits) {
    if (name == unit) {
      return nanoseconds;
    }
  }
  return 0;
}

/// One "number unit" pair at the front of `rest`, which it shortens. `text` is the whole, for messages.
std::uint64_t take_component(std::string_view& rest, std::string_view text) {
  std::uint64_t whole = 0;
  std::size_t digits = 0;
  while (!rest.empty() && is_digit(rest.front())) {
    const auto digit = static_cast<std::uint64_t>(rest.front() - '0');
    if (whole > (kLargest - digit) / 10) {
      fail("invalid", text);
    }
    whole = whole * 10 + digit;
    rest.remove_prefix(1);
    ++digits;
  }
  std::uint64_t fraction = 0;
  double scale = 1;
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    bool full = false;  // further digits no longer fit and do not matter
    while (!rest.empty() && is_digit(rest.front())) {
      const auto digit = static_cast<std::uint64_t>(rest.front() - '0');
      full = full || fraction > (kLargest - 10) / 10;
      if (!full) {
        fraction = fraction * 10 + digit;
        scale *= 10;
      }
      rest.remove_prefix(1);
      ++digits;
    }
  }
  if (digits == 0) {
    fail("invalid", text);
  }
  std::size_t length = 0;
  while (length < rest.size() && rest[length] != '.' && !is_digit(rest[length])) {
    ++length;
  }
  const std::string_view unit = rest.substr(0, length);
  rest.remove_prefix(length);
  if (unit.empty()) {
    fail("missing unit in", text);
  }
  const std::uint64_t factor = unit_nanoseconds(unit);
  if (factor == 0) {
    fail("unknown unit \"" + std::string(unit) + "\" in", text);
  }
  if (whole > kLargest / factor) {
    fail("invalid", text);
  }
  const std::uint64_t part =
      static_cast<std::uint64_t>(static_cast<double>(fraction) * (static_cast<double>(factor) / scale));
  const std::uint64_t value = whole * factor;
  if (value > kLargest - part) {
    fail("invalid", text);
  }
  return value + part;
}

/// `value` / 10^digits in decimal without trailing zeros.
std::string decimal(std::uint64_t value, int digits) {
  std::string fraction;
  for (int i = 0; i < digits; ++i) {
    const char digit = static_cast<char>('0' + value % 10);
    if (!fraction.empty() || digit != '0') {
      fraction.insert(fraction.begin(), digit);
    }
    value /= 10;
  }
  std::string text = std::to_string(value);
  return fraction.empty() ? text : text + "." + fraction;
}

}  // namespace

std::chrono::nanoseconds parse_duration(std::string_view text) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") {
    return std::chrono::nanoseconds(0);
  }
  if (rest.empty()) {
    fail("invalid", text);
  }
  std::uint64_t total = 0;
  while (!rest.empty()) {
    const std::uint64_t component = take_component(rest, text);
    if (component > kLargest - total) {
      fail("invalid", text);
    }
    total += component;
  }
  if (negative) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(0 - total));
  }
  if (total == kLargest) {
    fail("invalid", text);
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const bool negative = duration.count() < 0;
  auto value = static_cast<std::uint64_t>(duration.count());
  if (negative) {
    value = 0 - value;
  }
  const std::string sign = negative ? "-" : "";
  if (value == 0) {
    return "0s";
  }
  if (value < 1'000) {
    return sign + std::to_string(value) + "ns";
  }
  if (value < 1'000'000) {
    return sign + decimal(value, 3) + "\u00b5s";
  }
  if (value < 1'000'000'000) {
    return sign + decimal(value, 6) + "ms";
  }
  const std::uint64_t minutes = value / 60'000'000'000;
  std::string text = decimal(value % 60'000'000'000, 9) + "s";
  if (minutes > 0) {
    text = std::to_string(minutes % 60) + "m" + text;
    if (minutes >= 60) {
      text = std::to_string(minutes / 60) + "h" + text;
    }
  }
  return sign + text;
}

}  // namespace axllama::base
