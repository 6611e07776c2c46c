#include "telemetry/request_log.h"

#include "base/duration.h"
#include "telemetry/log.h"

namespace axllama::telemetry {

void log_request(const RequestLogEntry& entry) {
  const LogLevel level = entry.status >= 500 ? LogLevel::kWarning : LogLevel::kInfo;
  log(level, "request",
      {{"id", entry.id},
       {"status", std::to_string(entry.status)},
       {"method", entry.method},
       {"path", entry.path},
       {"client", entry.client},
       {"duration", base::format_duration(entry.duration)},
       {"bytes_in", std::to_string(entry.bytes_in)},
       {"bytes_out", std::to_string(entry.bytes_out)}});
}

}  // namespace axllama::telemetry
