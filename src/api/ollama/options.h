#pragma once

#include "api/chat/generation_options.h"
#include "api/json_body.h"
#include "model/package.h"

namespace axllama::api::ollama {

/// What the field `options` sets, with the model's own defaults below it and Ollama's below those.
///
/// `options` may be null. Keys that are unknown, or that only steer other engines, are ignored; null values
/// too. Throws Error (kInvalidArgument): `option "x" must be of type integer` and the like.
chat::GenerationOptions parse_options(const Json* options, const model::SamplingDefaults& defaults);

}  // namespace axllama::api::ollama
