#pragma once

#include <string>
#include <vector>

#include "api/chat/chat_request.h"
#include "api/json_body.h"
#include "store/library.h"

namespace axllama::api::anthropic {

/// A request to /v1/messages.
struct MessagesRequest {
  chat::ChatRequest chat;
  std::vector<std::string> stop_sequences;  // the client's own; the model may have others
  bool stream = false;
};

/// Throws Error. `counting`: for count_tokens, which needs no `max_tokens`.
MessagesRequest parse_messages_request(const Json& body, const store::Library& library,
                                       bool counting = false);

}  // namespace axllama::api::anthropic
