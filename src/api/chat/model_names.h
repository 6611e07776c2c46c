#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/model_name.h"

namespace axllama::api::chat {

/// The model that clients write as "[scheme://][host[:port]/][namespace/]model[:tag]", whatever they want
/// done to it: blanks around it and the source suffix ":local" are no part of its name. Empty when that is no
/// name. Throws Error (kInvalidArgument) for both sources, ":local" and ":cloud", at once.
std::optional<store::ModelName> parse_model_name(std::string_view asked);

/// As parse_model_name(); throws Error (kInvalidArgument) `invalid model name`.
store::ModelName require_model_name(std::string_view asked);

/// As require_model_name(), in the shortest form with the tag: default host and namespace dropped ("x" ->
/// "x:latest").
std::string short_model_name(std::string_view asked);

/// "x:tag" -> "registry.ollama.ai/library/x:tag", as some errors name a model.
std::string full_model_name(std::string_view short_name);

}  // namespace axllama::api::chat
