#include "api/ollama/answer.h"

#include <vector>

#include "http/status.h"
#include "inference/generation.h"

namespace axllama::api::ollama {

Answer::Answer(const InferenceCall& call, std::chrono::steady_clock::time_point received_at)
    : records_(call.form, call.request.asked_name),
      with_context_(call.form == InferenceCall::Form::kGenerate && !call.request.raw_prompt),
      received_at_(received_at) {}

std::string_view Answer::content_type() const {
  return http::kNdjsonContentType;
}

std::string Answer::piece(chat::AnswerPiece piece) {
  std::string lines;
  for (const Json& record : records_.pieces(piece, calls_)) {
    lines += to_json(record) + "\n";
  }
  calls_ += piece.tool_calls.size();
  return lines;
}

std::string Answer::last(const chat::AnswerPiece& message, const chat::AnswerEnd& end) const {
  std::vector<text::TokenId> context;
  if (with_context_) {
    context = end.prompt;
    context.insert(context.end(), end.tokens.begin(), end.tokens.end());
  }
  const Metrics metrics{std::chrono::steady_clock::now() - received_at_, end.load_time, end.stats};
  return to_json(records_.last(message, inference::finish_reason_name(end.reason), metrics, context));
}

std::string Answer::end(const chat::AnswerEnd& end) {
  return last({}, end) + "\n";
}

std::string Answer::error(const base::Error& error) {
  return error_json(error.message()) + "\n";
}

std::string Answer::whole(const chat::WholeAnswer& answer) const {
  return last(answer.message(), answer.end);
}

}  // namespace axllama::api::ollama
