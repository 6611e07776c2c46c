#pragma once

#include "api/chat/generation_options.h"
#include "api/json_body.h"

namespace axllama::api::chat {

/// Sets what an object in the form of Ollama's `options` names: of a request, or the parameters of a
/// Modelfile.
///
/// Keys that are unknown, or that only steer other engines, are ignored; null values too. Throws Error
/// (kInvalidArgument): `option "x" must be of type integer` and the like.
void set_options(GenerationOptions& result, const Json& options);

}  // namespace axllama::api::chat
