#include "api/openai/usage.h"

namespace axllama::api::openai {

void Usage::add(const chat::AnswerEnd& end, bool same_prompt) {
  if (!same_prompt) {
    prompt_ += end.stats.prompt_tokens;
    cached_ += end.stats.cached_prompt_tokens;
  }
  completion_ += end.stats.generated_tokens;
}

Json Usage::json() const {
  Json usage;
  usage["prompt_tokens"] = prompt_;
  usage["completion_tokens"] = completion_;
  usage["total_tokens"] = prompt_ + completion_;
  usage["prompt_tokens_details"]["cached_tokens"] = cached_;
  return usage;
}

const char* finish_reason(const chat::AnswerEnd& end) {
  if (end.reason == inference::FinishReason::kLength) {
    return "length";
  }
  return end.called_tools ? "tool_calls" : "stop";
}

}  // namespace axllama::api::openai
