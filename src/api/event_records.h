#pragma once

#include <string>
#include <string_view>

#include "api/json_body.h"

namespace axllama::api {

// Records of a text/event-stream, each with its blank line.

/// data: {...}
std::string data_record(const Json& data);
/// event: NAME, data: {...}
std::string event_record(std::string_view name, const Json& data);
/// A comment, which clients skip: the connection is alive.
inline constexpr std::string_view kPingRecord = ": ping\n\n";

}  // namespace axllama::api
