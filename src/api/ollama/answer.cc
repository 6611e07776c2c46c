#include "api/ollama/answer.h"

#include <utility>
#include <variant>

namespace axllama::api::ollama {

Answer::Answer(const InferenceCall& call, const BuiltPrompt& prompt,
               std::chrono::steady_clock::time_point received_at, std::chrono::nanoseconds load_time)
    : records_(call.form, call.asked_name),
      stream_(call.stream),
      with_context_(call.form == InferenceCall::Form::kGenerate && !call.raw_prompt),
      received_at_(received_at),
      load_time_(load_time) {
  if (call.think) {
    thinking_parser_.emplace(prompt.inside_thinking);
  }
  if (with_context_) {
    context_ = prompt.tokens;
  }
}

void Answer::take_text(const std::string& text, bool last) {
  if (!thinking_parser_) {
    content_ += text;
    return;
  }
  text::ThinkingParser::Output parts = thinking_parser_->push(text);
  content_ += parts.content;
  thinking_ += parts.thinking;
  if (last) {
    parts = thinking_parser_->flush();
    content_ += parts.content;
    thinking_ += parts.thinking;
  }
}

std::string Answer::take(serving::ResponseEvent event) {
  if (const auto* ready = std::get_if<serving::ModelReady>(&event)) {
    load_time_ += ready->load_time;
    return {};
  }
  if (auto* error = std::get_if<base::Error>(&event)) {
    done_ = true;
    error_ = std::move(*error);
    return {};
  }
  const auto& token = std::get<inference::TokenEvent>(event);
  if (token.done && token.reason == inference::FinishReason::kCancelled) {
    done_ = true;
    error_.emplace(base::ErrorCode::kCancelled, "request canceled");
    return {};
  }
  if (with_context_) {
    context_.insert(context_.end(), token.tokens.begin(), token.tokens.end());
  }
  take_text(token.text, token.done);
  std::string lines;
  if (stream_) {
    // Thoughts and content never share a record.
    if (!thinking_.empty()) {
      lines += to_json(records_.piece("", std::exchange(thinking_, {}))) + "\n";
    }
    if (!content_.empty()) {
      lines += to_json(records_.piece(std::exchange(content_, {}), "")) + "\n";
    }
  }
  if (token.done) {
    lines += finish(token);
  }
  return lines;
}

std::string Answer::finish(const inference::TokenEvent& event) {
  done_ = true;
  const Metrics metrics{std::chrono::steady_clock::now() - received_at_, load_time_, event.stats};
  const std::string last = to_json(
      records_.last(content_, thinking_, inference::finish_reason_name(event.reason), metrics, context_));
  if (stream_) {
    return last + "\n";
  }
  whole_ = last;
  return {};
}

std::string Answer::error_line() const {
  return error_json(error_->message()) + "\n";
}

}  // namespace axllama::api::ollama
