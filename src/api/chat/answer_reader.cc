#include "api/chat/answer_reader.h"

#include <iterator>
#include <utility>
#include <variant>

#include "api/chat/tools.h"
#include "telemetry/log.h"
#include "text/chat_template.h"
#include "text/tool_calls/arguments.h"

namespace axllama::api::chat {
namespace {

template <typename T>
void move_behind(std::vector<T>& all, std::vector<T> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void merge(AnswerPiece& message, AnswerPiece piece) {
  message.thinking += piece.thinking;
  message.content += piece.content;
  move_behind(message.tool_calls, std::move(piece.tool_calls));
  move_behind(message.logprobs, std::move(piece.logprobs));
}

/// Whether `piece` can become part of `last` without anything changing places.
bool may_follow(const AnswerPiece& last, const AnswerPiece& piece) {
  const bool thoughts_fit = piece.thinking.empty() || (last.content.empty() && last.tool_calls.empty());
  return thoughts_fit && (piece.content.empty() || last.tool_calls.empty());
}

/// Clients get such a call all the same, as from Ollama: they know best what to make of it.
void log_misfit(const text::OfferedTools& tools, const text::ToolCall& call) {
  const Json* schema = tools.parameters(call.name);
  const std::optional<std::string> reason = schema != nullptr
                                                ? text::find_misfit(*schema, call.arguments)
                                                : std::optional<std::string>("there is no such tool");
  if (reason) {
    telemetry::log(telemetry::LogLevel::kWarning, "a call does not fit the tools on offer",
                   {{"tool", call.name}, {"reason", *reason}});
  }
}

}  // namespace

void append(std::vector<AnswerPiece>& pieces, AnswerPiece piece) {
  if (piece.empty()) {
    return;
  }
  if (pieces.empty() || !may_follow(pieces.back(), piece)) {
    pieces.push_back(std::move(piece));
  } else {
    merge(pieces.back(), std::move(piece));
  }
}

AnswerPiece WholeAnswer::message() const {
  AnswerPiece message;
  for (const AnswerPiece& piece : pieces) {
    merge(message, piece);
  }
  return message;
}

AnswerReader::AnswerReader(const ChatRequest& request, const BuiltPrompt& prompt,
                           std::chrono::nanoseconds load_time) {
  end_.load_time = load_time;
  end_.prompt = prompt.tokens;
  tool_call_parser_ = make_tool_call_parser(request);
  if (request.think) {
    const text::ChatTemplate& chat_template = request.model.package->chat_template();
    text::ThinkingTags tags = chat_template.thinking_tags();
    if (tool_call_parser_) {
      tags.interruptions = chat_template.tool_call_format().openings;
    }
    thinking_parser_.emplace(prompt.inside_thinking, std::move(tags));
  }
}

void AnswerReader::take_text(const std::string& text, bool last, std::vector<AnswerPiece>& pieces) {
  if (!thinking_parser_) {
    take_content(text, last, pieces);
    return;
  }
  text::ThinkingParser::Output parts = thinking_parser_->push(text);
  if (last) {
    const text::ThinkingParser::Output rest = thinking_parser_->flush();
    parts.thinking += rest.thinking;
    parts.content += rest.content;
  }
  append(pieces, {.thinking = parts.thinking});
  take_content(parts.content, last, pieces);
}

void AnswerReader::take_content(const std::string& content, bool last, std::vector<AnswerPiece>& pieces) {
  if (!tool_call_parser_) {
    append(pieces, {.content = content});
    return;
  }
  const auto take = [&](text::ToolCallParser::Output output) {
    std::size_t given = 0;  // bytes of the content
    for (std::size_t i = 0; i < output.calls.size(); ++i) {
      const std::size_t before = output.content_before[i];
      append(pieces, {.content = output.content.substr(given, before - given)});
      given = before;
      text::ToolCall& call = output.calls[i];
      log_misfit(tool_call_parser_->tools(), call);
      call.id = new_call_id();
      end_.called_tools = true;
      append(pieces, {.tool_calls = {std::move(call)}});
    }
    append(pieces, {.content = output.content.substr(given)});
  };
  take(tool_call_parser_->push(content));
  if (last) {
    take(tool_call_parser_->flush());
  }
}

std::vector<AnswerPiece> AnswerReader::take(serving::ResponseEvent event) {
  std::vector<AnswerPiece> pieces;
  if (const auto* ready = std::get_if<serving::ModelReady>(&event)) {
    end_.load_time += ready->load_time;
    return pieces;
  }
  if (auto* error = std::get_if<base::Error>(&event)) {
    done_ = true;
    error_ = std::move(*error);
    return pieces;
  }
  auto& token = std::get<inference::TokenEvent>(event);
  if (token.done && token.reason == inference::FinishReason::kCancelled) {
    done_ = true;
    error_.emplace(base::ErrorCode::kCancelled, "request canceled");
    return pieces;
  }
  end_.tokens.insert(end_.tokens.end(), token.tokens.begin(), token.tokens.end());
  take_text(token.text, token.done, pieces);
  append(pieces, {.logprobs = std::move(token.logprobs)});
  if (token.done) {
    done_ = true;
    end_.reason = token.reason;
    end_.stop_string = std::move(token.stop_string);
    end_.stats = token.stats;
  }
  return pieces;
}

}  // namespace axllama::api::chat
