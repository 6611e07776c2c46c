#include "api/chat/answer_reader.h"

#include <iterator>
#include <utility>
#include <variant>

namespace axllama::api::chat {
namespace {

template <typename T>
void move_behind(std::vector<T>& all, std::vector<T> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

void append(AnswerPiece& message, AnswerPiece piece) {
  message.thinking += piece.thinking;
  message.content += piece.content;
  move_behind(message.tool_calls, std::move(piece.tool_calls));
  move_behind(message.logprobs, std::move(piece.logprobs));
}

AnswerReader::AnswerReader(const ChatRequest& request, const BuiltPrompt& prompt,
                           std::chrono::nanoseconds load_time) {
  end_.load_time = load_time;
  end_.prompt = prompt.tokens;
  if (request.think) {
    thinking_parser_.emplace(prompt.inside_thinking);
  }
}

void AnswerReader::take_text(const std::string& text, bool last, AnswerPiece& piece) {
  if (!thinking_parser_) {
    piece.content += text;
    return;
  }
  text::ThinkingParser::Output parts = thinking_parser_->push(text);
  piece.thinking += parts.thinking;
  piece.content += parts.content;
  if (last) {
    parts = thinking_parser_->flush();
    piece.thinking += parts.thinking;
    piece.content += parts.content;
  }
}

AnswerPiece AnswerReader::take(serving::ResponseEvent event) {
  AnswerPiece piece;
  if (const auto* ready = std::get_if<serving::ModelReady>(&event)) {
    end_.load_time += ready->load_time;
    return piece;
  }
  if (auto* error = std::get_if<base::Error>(&event)) {
    done_ = true;
    error_ = std::move(*error);
    return piece;
  }
  auto& token = std::get<inference::TokenEvent>(event);
  if (token.done && token.reason == inference::FinishReason::kCancelled) {
    done_ = true;
    error_.emplace(base::ErrorCode::kCancelled, "request canceled");
    return piece;
  }
  end_.tokens.insert(end_.tokens.end(), token.tokens.begin(), token.tokens.end());
  take_text(token.text, token.done, piece);
  piece.logprobs = std::move(token.logprobs);
  if (token.done) {
    done_ = true;
    end_.reason = token.reason;
    end_.stats = token.stats;
  }
  end_.called_tools = end_.called_tools || !piece.tool_calls.empty();
  return piece;
}

}  // namespace axllama::api::chat
