#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "api/chat/answers.h"
#include "api/openai/answer_head.h"
#include "api/openai/completion_request.h"
#include "api/openai/usage.h"

namespace axllama::api::openai {

/// The answers of /v1/completions as a stream of chunks.
class CompletionStream final : public chat::StreamForm {
 public:
  explicit CompletionStream(const CompletionRequest& request);

  std::string_view content_type() const override;
  std::string begin(const chat::BuiltPrompt& prompt) override;
  std::string piece(chat::AnswerPiece piece) override;
  std::string end(const chat::AnswerEnd& end) override;
  std::string finish() override;
  std::string error(const base::Error& error) override;
  std::string ping() override;

 private:
  std::string chunk(const std::string& text, const char* finish_reason, Json logprobs = nullptr);

  AnswerHead head_;
  std::vector<std::string> echoes_;  // by prompt
  std::size_t answers_each_;
  bool include_usage_;
  Usage usage_;
  std::size_t index_ = 0;        // of the answer
  std::size_t text_offset_ = 0;  // characters of this answer with log probabilities so far
};

/// The answers of /v1/completions as one object.
std::string completion(const CompletionRequest& request, const std::vector<chat::WholeAnswer>& answers);

}  // namespace axllama::api::openai
