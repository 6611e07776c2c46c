#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace axllama::telemetry {

/// What is written about a request when it is over.
struct RequestLogEntry {
  std::string id;
  std::string method;
  std::string path;
  std::string client;  // remote address
  int status = 0;      // 499: the client left before the answer was complete
  std::chrono::nanoseconds duration{0};
  std::uint64_t bytes_in = 0;   // body
  std::uint64_t bytes_out = 0;  // head and body
};

/// One line per request. Server faults (5xx) are warnings, everything else is information.
void log_request(const RequestLogEntry& entry);

}  // namespace axllama::telemetry
