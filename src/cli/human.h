#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace axllama::cli {

/// Decimal units with two or three digits, as the field prints sizes: "523 MB", "4.7 GB".
std::string human_bytes(std::uint64_t bytes);

/// "3 weeks ago", "4 minutes from now", "Less than a second ago", "Never" for the epoch, "Forever" beyond 20
/// years ahead.
std::string human_time(std::chrono::system_clock::time_point when, std::chrono::system_clock::time_point now);

}  // namespace axllama::cli
