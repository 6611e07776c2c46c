#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace axllama::base {

/// RFC 3339 in UTC with up to nine fractional digits, trailing zeros trimmed:
/// "2026-08-21T10:00:00.123456789Z".
std::string format_timestamp_utc(std::chrono::system_clock::time_point when);
/// RFC 3339 with the machine's offset: "2026-08-21T12:00:00.5+02:00".
std::string format_timestamp_local(std::chrono::system_clock::time_point when);
/// Reads RFC 3339 with Z or an offset and any number of fractional digits. Times that the clock cannot hold
/// are clamped to time_point::max(); text that is no timestamp gives the epoch.
std::chrono::system_clock::time_point parse_timestamp(std::string_view text) noexcept;

}  // namespace axllama::base
