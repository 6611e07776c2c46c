#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace axllama::base {

/// Reads a duration as Go's time.ParseDuration writes it: a sign, then numbers with a fraction and a unit
/// each ("300ms",
/// "-1.5h", "2h45m"; units ns, us, µs, ms, s, m, h), or "0". Throws Error (kInvalidArgument) with Go's
/// wording.
std::chrono::nanoseconds parse_duration(std::string_view text);

/// Writes a duration as Go's Duration.String does: "0s", "250ns", "52.3ms", "1.234567s", "5m0s", "1h0m0.5s".
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace axllama::base
