#pragma once

#include <string>
#include <string_view>

#include "inference/sampling.h"

namespace axllama::api::sidecar {

/// Body of POST /generate, with the back end's own defaults.
struct GenerateRequest {
  std::string prompt;
  int max_tokens = 128;
  inference::SamplingOptions sampling;
  bool stream = false;
  std::string request_id;  // empty: the server makes one
};

/// Throws Error (kInvalidArgument) with a sentence naming the field and what it wants.
GenerateRequest parse_generate_request(std::string_view body);

/// Body of POST /load: {"model_path": "..."}.
std::string parse_load_request(std::string_view body);

}  // namespace axllama::api::sidecar
