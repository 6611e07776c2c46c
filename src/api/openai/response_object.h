#pragma once

#include <cstddef>
#include <string>

#include "api/chat/answers.h"
#include "api/json_body.h"
#include "api/openai/answer_head.h"
#include "api/openai/responses_request.h"

namespace axllama::api::openai {

// The items an answer consists of. `status`: "in_progress" or "completed".

Json reasoning_item(const std::string& id, const std::string& thinking);
Json message_item(const std::string& id, const std::string& text, const char* status);
Json function_call_item(const std::string& id, const text::ToolCall& call, const std::string& arguments,
                        const char* status);
/// {"type": "output_text", ...}
Json text_part(const std::string& text);
/// A new id: PREFIX_...
std::string new_item_id(const std::string& prefix);

/// The object `response` of /v1/responses.
class ResponseObject {
 public:
  explicit ResponseObject(const ResponsesRequest& request);

  Json begun() const;
  /// "completed", or "incomplete" when the answer was cut at its limit.
  Json ended(Json output, const chat::AnswerEnd& end) const;
  /// The whole answer.
  std::string whole(const chat::WholeAnswer& answer) const;

 private:
  Json make(const char* status) const;

  AnswerHead head_;
  Json echo_;
};

}  // namespace axllama::api::openai
