#pragma once

#include <optional>

#include "api/json_body.h"
#include "serving/service.h"

namespace axllama::api::ollama {

/// The field `keep_alive` in every form clients send: seconds as a number, a Go duration, whole seconds as a
/// string; negative means for ever. Null or a null pointer: unset. Throws Error (kInvalidArgument).
std::optional<serving::KeepAlive> parse_keep_alive_field(const Json* value);

}  // namespace axllama::api::ollama
