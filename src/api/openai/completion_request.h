#pragma once

#include <string>
#include <vector>

#include "api/chat/answers.h"
#include "api/json_body.h"
#include "store/library.h"

namespace axllama::api::openai {

/// A request to /v1/completions.
struct CompletionRequest {
  std::string model;  // as the client wrote it
  chat::AnswerPlan plan;
  std::vector<std::string> echoes;  // by prompt, what its answers begin with
  bool stream = false;
  bool include_usage = false;
};

/// Throws Error. `prompt` is a text, a list of texts, the tokens of a prompt or a list of those. As with
/// Ollama's /api/generate a text is a message to the model unless "raw" is true; tokens are always raw.
CompletionRequest parse_completion_request(const Json& body, const store::Library& library);

}  // namespace axllama::api::openai
