#pragma once

#include <chrono>
#include <string>

#include "base/byte_size.h"

namespace axllama::cli {

using base::human_bytes;

/// "3 weeks ago", "4 minutes from now", "Less than a second ago", "Never" for the epoch, "Forever" beyond 20
/// years ahead.
std::string human_time(std::chrono::system_clock::time_point when, std::chrono::system_clock::time_point now);

}  // namespace axllama::cli
