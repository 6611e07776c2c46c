#include "base/timestamp.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>

namespace axllama::base {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr int kFractionDigits = 9;

struct Split {
  std::time_t second;
  std::int64_t nanosecond;  // [0, 1e9)
};

Split split(system_clock::time_point when) {
  const std::int64_t total = std::chrono::duration_cast<nanoseconds>(when.time_since_epoch()).count();
  std::int64_t second = total / kNanosecondsPerSecond;
  std::int64_t rest = total % kNanosecondsPerSecond;
  if (rest < 0) {
    rest += kNanosecondsPerSecond;
    --second;
  }
  return {static_cast<std::time_t>(second), rest};
}

std::string format_parts(const std::tm& parts, std::int64_t nanosecond) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  std::string out = text.data();
  if (nanosecond != 0) {
    std::snprintf(text.data(), text.size(), ".%09lld", static_cast<long long>(nanosecond));
    out += text.data();
    while (out.back() == '0') out.pop_back();
  }
  return out;
}

/// Takes digits off the front; empty when there are not `count` of them.
std::optional<int> take_number(std::string_view& text, std::size_t count) noexcept {
  int value = 0;
  if (text.size() < count) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc() || end != text.data() + count) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) noexcept {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::int64_t take_fraction(std::string_view& text) noexcept {
  std::int64_t nanosecond = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < kFractionDigits) {
      nanosecond = nanosecond * 10 + (text.front() - '0');
      ++digits;
    }
    text.remove_prefix(1);
  }
  for (; digits < kFractionDigits; ++digits) nanosecond *= 10;
  return nanosecond;
}

}  // namespace

std::string format_timestamp_utc(system_clock::time_point when) {
  const auto [second, nanosecond] = split(when);
  std::tm parts{};
  ::gmtime_r(&second, &parts);
  return format_parts(parts, nanosecond) + "Z";
}

std::string format_timestamp_local(system_clock::time_point when) {
  const auto [second, nanosecond] = split(when);
  std::tm parts{};
  ::localtime_r(&second, &parts);
  const long minutes = parts.tm_gmtoff / 60;
  std::array<char, 48> offset{};
  std::snprintf(offset.data(), offset.size(), "%c%02ld:%02ld", minutes < 0 ? '-' : '+',
                std::labs(minutes) / 60, std::labs(minutes) % 60);
  return format_parts(parts, nanosecond) + offset.data();
}

system_clock::time_point parse_timestamp(std::string_view text) noexcept {
  constexpr system_clock::time_point kEpoch{};
  const auto year = take_number(text, 4);
  if (!year || !take(text, "-")) return kEpoch;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return kEpoch;
  const auto day = take_number(text, 2);
  if (!day || !take(text, "Tt ")) return kEpoch;
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return kEpoch;
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ":")) return kEpoch;
  const auto second = take_number(text, 2);
  if (!second) return kEpoch;
  const std::int64_t nanosecond = take(text, ".") ? take_fraction(text) : 0;

  std::int64_t offset = 0;
  const bool behind = text.starts_with('-');
  if (!take(text, "Zz") && take(text, "+-")) {
    const auto offset_hours = take_number(text, 2);
    take(text, ":");
    const auto offset_minutes = take_number(text, 2);
    if (!offset_hours || !offset_minutes) return kEpoch;
    offset = (*offset_hours * 60 + *offset_minutes) * 60 * (behind ? -1 : 1);
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return kEpoch;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t total = days * 86400 + *hour * 3600 + *minute * 60 + *second - offset;
  constexpr std::int64_t kLastSecond =
      std::chrono::duration_cast<seconds>(system_clock::time_point::max().time_since_epoch()).count();
  if (total >= kLastSecond) return system_clock::time_point::max();
  return system_clock::time_point(
      std::chrono::duration_cast<system_clock::duration>(seconds(total) + nanoseconds(nanosecond)));
}

}  // namespace axllama::base
