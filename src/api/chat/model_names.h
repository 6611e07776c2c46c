#pragma once

#include <string>
#include <string_view>

namespace axllama::api::chat {

/// A model reference as clients write it, "[host[:port]/][namespace/]model[:tag]", in its shortest form with
/// its tag: default host and namespace dropped ("x" -> "x:latest"), blanks around it and the source suffix
/// ":local" dropped. Throws Error (kInvalidArgument): `invalid model name`, or both sources at once.
std::string short_model_name(std::string_view asked);

/// "x:tag" -> "registry.ollama.ai/library/x:tag", as some errors name a model.
std::string full_model_name(std::string_view short_name);

}  // namespace axllama::api::chat
