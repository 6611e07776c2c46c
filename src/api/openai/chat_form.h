#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "api/chat/answers.h"
#include "api/openai/answer_head.h"
#include "api/openai/usage.h"

namespace axllama::api::openai {

/// The answers of /v1/chat/completions as a stream of chunks: the role with the first of an answer, reasoning
/// before content before calls, the finish reason in a chunk of its own, then the usage and [DONE].
class ChatStream final : public chat::StreamForm {
 public:
  ChatStream(std::string model, bool include_usage);

  std::string_view content_type() const override;
  std::string piece(chat::AnswerPiece piece) override;
  std::string end(const chat::AnswerEnd& end) override;
  std::string finish() override;
  std::string error(const base::Error& error) override;
  std::string ping() override;

 private:
  std::string chunk(Json delta, const char* finish_reason, const Json& logprobs = nullptr);

  AnswerHead head_;
  bool include_usage_;
  Usage usage_;
  std::size_t index_ = 0;  // of the answer
  std::size_t calls_ = 0;  // of this answer, sent so far
  bool role_sent_ = false;
};

/// The answers of /v1/chat/completions as one object.
std::string chat_completion(const std::string& model, const std::vector<chat::WholeAnswer>& answers);

}  // namespace axllama::api::openai
