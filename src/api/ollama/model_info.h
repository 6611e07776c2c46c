#pragma once

#include <string>

#include "api/chat/open_model.h"
#include "api/json_body.h"
#include "api/ollama/options.h"

namespace axllama::api::ollama {

/// The object `model_info` of /api/show: what is known of a model, under GGUF's keys. `context_length` of 0:
/// unknown.
Json model_info(const model::Package& package, std::size_t context_length);

/// The model's parameters, one per line as Modelfiles and /api/show write them, names padded to 30 columns.
/// `overrides` is the request's object `options` or null.
std::string parameter_lines(const model::Package& package, const Json* overrides);

/// The texts of the package's licence files; empty when there are none.
std::string license_text(const model::Package& package);

/// What "ollama show --modelfile" prints.
std::string modelfile_text(const chat::OpenModel& model, const std::string& go_template,
                           const std::string& system, const std::string& parameters,
                           const std::string& license);

}  // namespace axllama::api::ollama
