#pragma once

#include <cstddef>

#include "api/chat/answer_reader.h"
#include "api/json_body.h"

namespace axllama::api::openai {

/// Tokens of all answers of a request. A prompt counts once, however many answers it has.
class Usage {
 public:
  /// `same_prompt`: as the answer before.
  void add(const chat::AnswerEnd& end, bool same_prompt);
  /// {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details": {"cached_tokens"}}
  Json json() const;

 private:
  std::size_t prompt_ = 0;
  std::size_t cached_ = 0;
  std::size_t completion_ = 0;
};

/// "stop", "length" or "tool_calls"
const char* finish_reason(const chat::AnswerEnd& end);

}  // namespace axllama::api::openai
