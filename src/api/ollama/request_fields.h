#pragma once

#include <optional>
#include <string>

#include "api/json_body.h"
#include "api/ollama/inference_call.h"
#include "store/library.h"

namespace axllama::api::ollama {

/// Reads what /api/generate and /api/chat have in common, in the order of Ollama's checks, so that a client
/// sees the same error first. Each function throws Error.

/// The value of `think`: unset, off or on (a level counts as on).
std::optional<bool> parse_think(const JsonFields& fields);
/// The level in `think`, "" where it is none.
std::string parse_think_level(const JsonFields& fields);
/// True when the request only asks to unload: no input, and keep_alive is 0.
bool is_unload(bool has_input, const std::optional<serving::KeepAlive>& keep_alive);
/// Sets `stream`, `truncate`, `shift`, `keep_alive` and the debug switch; their kinds are checked before the
/// model is looked at.
void set_switches(InferenceCall& call, const JsonFields& fields);
/// Sets the request's options over the model's defaults.
void set_options(InferenceCall& call, const JsonFields& fields);
/// Sets `logprobs` and what the answer must look like: `format`, `grammar`, `regex` or `choices`.
void set_output(InferenceCall& call, const JsonFields& fields);
/// True for a list of images that is not empty.
bool has_images(const JsonFields& fields);

InferenceCall parse_generate_request(const Json& body, const store::Library& library);
InferenceCall parse_chat_request(const Json& body, const store::Library& library);

}  // namespace axllama::api::ollama
