#pragma once

#include <cstddef>

#include "api/chat/chat_request.h"
#include "api/json_body.h"
#include "store/library.h"

namespace axllama::api::openai {

/// A request to /v1/chat/completions.
struct ChatCompletionRequest {
  chat::ChatRequest chat;
  std::size_t answers = 1;
  bool stream = false;
  bool include_usage = false;
};

/// Throws Error.
ChatCompletionRequest parse_chat_request(const Json& body, const store::Library& library);

}  // namespace axllama::api::openai
