#pragma once

#include <optional>
#include <string>

#include "api/json_body.h"
#include "api/ollama/inference_call.h"
#include "store/library.h"

namespace axllama::api::ollama {

/// Reads what /api/generate and /api/chat have in common, in the order of Ollama's checks, so that a client
/// sees the same error first. Each function throws Error.

/// `top_logprobs`, before the model is looked at.
void check_top_logprobs(const JsonFields& fields);
/// The value of `think`: unset, off or on (a level counts as on).
std::optional<bool> parse_think(const JsonFields& fields);
/// True when the request only asks to unload: no input, and keep_alive is 0.
bool is_unload(bool has_input, const std::optional<serving::KeepAlive>& keep_alive);
/// Sets call.think from the request and the model; asking a model that cannot think is an error.
void set_think(InferenceCall& call, const std::optional<bool>& asked);
/// Sets `stream`, `truncate`, `shift`, `keep_alive` and the debug switch; their kinds are checked before the
/// model is looked at.
void set_switches(InferenceCall& call, const JsonFields& fields);
/// Sets call.options over the model's defaults.
void set_options(InferenceCall& call, const JsonFields& fields);
/// Refuses what this server cannot do yet (format, logprobs) rather than ignore it.
void refuse_unsupported(const JsonFields& fields);
/// True for a list of images that is not empty.
bool has_images(const JsonFields& fields);
[[noreturn]] void refuse_images(const InferenceCall& call);
[[noreturn]] void refuse_request(const std::string& message);

/// A JSON string in quotes, as messages show names.
std::string in_quotes(const std::string& text);

InferenceCall parse_generate_request(const Json& body, const store::Library& library);
InferenceCall parse_chat_request(const Json& body, const store::Library& library);

}  // namespace axllama::api::ollama
