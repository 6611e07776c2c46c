#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "api/chat/answers.h"
#include "api/ollama/inference_call.h"
#include "api/ollama/records.h"
#include "base/error.h"

namespace axllama::api::ollama {

/// One answer as Ollama's records: lines of a stream, or one object.
class Answer final : public chat::StreamForm {
 public:
  Answer(const InferenceCall& call, std::chrono::steady_clock::time_point received_at);

  std::string_view content_type() const override;
  std::string piece(chat::AnswerPiece piece) override;
  std::string end(const chat::AnswerEnd& end) override;
  std::string error(const base::Error& error) override;

  /// The whole answer as one object.
  std::string whole(const chat::WholeAnswer& answer) const;

 private:
  std::string last(const chat::AnswerPiece& message, const chat::AnswerEnd& end) const;

  Records records_;
  bool with_context_;
  std::size_t calls_ = 0;  // sent so far
  std::chrono::steady_clock::time_point received_at_;
};

}  // namespace axllama::api::ollama
