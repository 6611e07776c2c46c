#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "api/chat/open_model.h"
#include "inference/generation.h"
#include "inference/sampling.h"
#include "model/package.h"

namespace axllama::api::chat {

/// How an answer is to be generated, in the terms of Ollama's `options`.
struct GenerationOptions {
  inference::SamplingOptions sampling;
  int num_predict = -1;                                      // < 0: no limit
  std::optional<int> num_ctx;                                // unset: the model's context
  std::size_t draft_num_predict = inference::kDefaultDraft;  // tokens a draft model guesses at once
  int num_keep = 4;  // first tokens that survive cutting a prompt and shifting; < 0: the prompt
  std::optional<std::chrono::nanoseconds> request_timeout;  // then the answer ends, waiting included
  std::vector<std::string> stop;
};

/// What a package recommends, with Ollama's defaults below it.
GenerationOptions default_options(const model::SamplingDefaults& recommended);
/// What the model's Modelfile says, with the package's defaults below it. Throws as set_options().
GenerationOptions default_options(const OpenModel& model);

}  // namespace axllama::api::chat
