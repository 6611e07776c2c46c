#pragma once

#include <string>
#include <vector>

#include "api/chat/open_model.h"
#include "api/json_body.h"

namespace axllama::api::ollama {

/// The object `model_info` of /api/show: what is known of a model, under GGUF's keys. `context_length` of 0:
/// unknown.
Json model_info(const model::Package& package, std::size_t context_length);

/// The model's parameters by name: the package's defaults, the Modelfile's over them, and `overrides` (the
/// request's object `options`, or null) over those.
Json model_parameters(const chat::OpenModel& model, const Json* overrides);

/// One parameter per line as /api/show writes them, names padded to 30 columns.
std::string parameter_lines(const Json& parameters);

/// The Modelfile's licences, else the texts of the package's licence files.
std::vector<std::string> licenses(const chat::OpenModel& model);

/// A model's settings with what the package brings where the Modelfile says nothing. `system` (unless it is
/// empty) and `overrides` come from the request.
store::ModelSettings shown_settings(const chat::OpenModel& model, const std::string& system,
                                    const Json* overrides);

/// What "ollama show --modelfile" prints: a Modelfile that makes this model again.
std::string modelfile_text(const chat::OpenModel& model, const store::ModelSettings& settings);

}  // namespace axllama::api::ollama
