#pragma once

#include <optional>
#include <string>
#include <vector>

#include "inference/sampling.h"
#include "model/package.h"

namespace axllama::api::chat {

/// How an answer is to be generated, in the terms of Ollama's `options`.
struct GenerationOptions {
  inference::SamplingOptions sampling;
  int num_predict = -1;        // < 0: no limit
  std::optional<int> num_ctx;  // unset: the model's context
  int num_keep = 4;            // tokens at the front that survive cutting a prompt
  std::vector<std::string> stop;
};

/// The model's own defaults, with Ollama's below them.
GenerationOptions default_options(const model::SamplingDefaults& defaults);

}  // namespace axllama::api::chat
