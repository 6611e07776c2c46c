#include "api/ollama/keep_alive.h"

#include <chrono>
#include <string>

#include "api/server_config.h"
#include "base/error.h"

namespace axllama::api::ollama {
namespace {

using serving::KeepAlive;

/// The type as Ollama's message names it.
std::string type_name(const Json& value) {
  if (value.is_boolean()) {
    return "bool";
  }
  return value.is_array() ? "[]interface {}" : "map[string]interface {}";
}

KeepAlive from_seconds(double seconds) {
  constexpr double kMostSeconds = 9.2e9;  // what nanoseconds in 64 bits can hold
  if (seconds < 0 || seconds > kMostSeconds) {
    return {KeepAlive::kForever};
  }
  return {std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9))};
}

}  // namespace

std::optional<KeepAlive> parse_keep_alive_field(const Json* value) {
  if (value == nullptr || value->is_null()) {
    return std::nullopt;
  }
  if (value->is_number()) {
    return from_seconds(value->get<double>());
  }
  if (value->is_string()) {
    return KeepAlive{parse_keep_alive(value->get<std::string>())};
  }
  throw base::Error(base::ErrorCode::kInvalidArgument, "Unsupported type: '" + type_name(*value) + "'");
}

}  // namespace axllama::api::ollama
