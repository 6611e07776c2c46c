#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace axllama::telemetry {

enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError, kOff };

/// One `name=value` of a log line. The value may hold anything: it is quoted and escaped, so that a line
/// stays a line.
struct LogField {
  std::string_view name;
  std::string value;
};

/// Lines below `level` are dropped. Thread-safe. The level at start is kInfo.
void set_log_level(LogLevel level);
LogLevel log_level();

/// Writes one line to standard error: time=... level=... msg=... and the fields, in this order. Thread-safe.
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

/// The line without time and level, as log() writes it.
std::string format_log_line(std::string_view message, std::initializer_list<LogField> fields);

}  // namespace axllama::telemetry
