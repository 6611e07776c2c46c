#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/chat/chat_request.h"
#include "api/chat/prompt.h"
#include "base/error.h"
#include "inference/generation.h"
#include "serving/service.h"
#include "text/chat_template.h"
#include "text/thinking_parser.h"
#include "text/tool_calls/parser.h"

namespace axllama::api::chat {

/// A part of an answer. Thoughts come before content, content before calls; what comes behind the calls is
/// another piece.
struct AnswerPiece {
  std::string thinking = {};
  std::string content = {};
  std::vector<text::ToolCall> tool_calls = {};  // whole, each with an id
  std::vector<inference::TokenLogprob> logprobs = {};

  bool empty() const { return thinking.empty() && content.empty() && tool_calls.empty() && logprobs.empty(); }
};

/// How an answer ended.
struct AnswerEnd {
  inference::FinishReason reason = inference::FinishReason::kStop;
  std::string stop_string;  // that ended it; empty: none did
  inference::GenerationStats stats;
  std::chrono::nanoseconds load_time{0};  // waiting for the model to be on the card
  std::vector<text::TokenId> prompt;      // what the model was shown
  std::vector<text::TokenId> tokens;      // what it answered
  bool called_tools = false;
};

/// A whole answer, in as few pieces as its order allows.
struct WholeAnswer {
  std::vector<AnswerPiece> pieces;
  AnswerEnd end;

  /// As one message, for dialects that have no order of text and calls.
  AnswerPiece message() const;
};

/// Turns the events of one generation into the pieces of one answer: thoughts apart from content, tags and
/// calls never half.
class AnswerReader {
 public:
  /// `load_time`: spent loading before the generation was submitted.
  AnswerReader(const ChatRequest& request, const BuiltPrompt& prompt, std::chrono::nanoseconds load_time);

  /// Takes the next event and returns what is certain now, in order; often nothing.
  std::vector<AnswerPiece> take(serving::ResponseEvent event);

  /// No more events are to be taken.
  bool done() const noexcept { return done_; }
  /// Why the answer ended before it was complete.
  const std::optional<base::Error>& error() const noexcept { return error_; }
  /// When done without an error.
  const AnswerEnd& end() const noexcept { return end_; }

 private:
  void take_text(const std::string& text, bool last, std::vector<AnswerPiece>& pieces);
  void take_content(const std::string& content, bool last, std::vector<AnswerPiece>& pieces);

  std::optional<text::ThinkingParser> thinking_parser_;
  std::optional<text::ToolCallParser> tool_call_parser_;
  AnswerEnd end_;
  bool done_ = false;
  std::optional<base::Error> error_;
};

/// Puts `piece` behind the others: into the last one where the order allows it.
void append(std::vector<AnswerPiece>& pieces, AnswerPiece piece);

}  // namespace axllama::api::chat
