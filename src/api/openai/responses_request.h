#pragma once

#include "api/chat/chat_request.h"
#include "api/json_body.h"
#include "store/library.h"

namespace axllama::api::openai {

/// A request to /v1/responses.
struct ResponsesRequest {
  chat::ChatRequest chat;
  bool stream = false;
  /// What the object `response` repeats of the request: instructions, tools, sampling and so on.
  Json echo;
};

/// Throws Error. Nothing is kept between requests: the input holds the whole conversation.
ResponsesRequest parse_responses_request(const Json& body, const store::Library& library);

}  // namespace axllama::api::openai
