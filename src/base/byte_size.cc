#include "base/byte_size.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>

#include "base/error.h"

namespace axllama::base {
namespace {

/// Bytes of a unit in lower case.
std::optional<double> unit_bytes(std::string_view unit) {
  if (unit.empty() || unit == "b") {
    return 1;
  }
  constexpr std::string_view kPrefixes = "kmgt";
  const std::size_t power = kPrefixes.find(unit[0]);
  if (power == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = unit.substr(1);
  if (rest.empty() || rest == "ib") {
    return std::pow(1024.0, static_cast<double>(power + 1));
  }
  return rest == "b" ? std::optional(std::pow(1000.0, static_cast<double>(power + 1))) : std::nullopt;
}

}  // namespace

std::uint64_t parse_byte_size(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c != ' ' && c != '\t') {
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  double number = 0;
  const auto [end, error] =
      std::from_chars(plain.data(), plain.data() + plain.size(), number, std::chars_format::fixed);
  const std::optional<double> unit =
      unit_bytes({end, static_cast<std::size_t>(plain.data() + plain.size() - end)});
  constexpr double kMost = 1e18;
  if (error != std::errc() || !unit || !(number >= 0) || number * *unit > kMost) {
    throw Error(ErrorCode::kInvalidArgument,
                "A size is a number and a unit, as 512MiB or 8GB, not '" + std::string(text) + "'.");
  }
  return static_cast<std::uint64_t>(number * *unit);
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr double kStep = 1000.0;
  constexpr std::array<const char*, 5> kNames{"B", "KB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= kStep && unit + 1 < kNames.size()) {
    value /= kStep;
    ++unit;
  }
  std::array<char, 32> text{};
  const int digits = (unit > 0 && value < 10) ? 1 : 0;
  std::snprintf(text.data(), text.size(), "%.*f %s", digits, value, kNames.at(unit));
  return text.data();
}

}  // namespace axllama::base
