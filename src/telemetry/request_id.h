#pragma once

#include <string>

namespace axllama::telemetry {

/// A new request id: 16 lower-case hex digits, different from every other one of this process and, in all
/// likelihood, of others. Thread-safe.
std::string new_request_id();

}  // namespace axllama::telemetry
