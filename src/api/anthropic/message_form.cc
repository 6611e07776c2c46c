#include "api/anthropic/message_form.h"

#include <algorithm>
#include <utility>

#include "api/error_bodies.h"
#include "api/event_records.h"
#include "http/status.h"
#include "telemetry/request_id.h"

namespace axllama::api::anthropic {
namespace {

/// "msg_" and 24 hex digits.
std::string new_message_id() {
  return "msg_" + telemetry::new_request_id() + telemetry::new_request_id().substr(0, 8);
}

Json message_head(const std::string& model) {
  Json message;
  message["id"] = new_message_id();
  message["type"] = "message";
  message["role"] = "assistant";
  message["model"] = model;
  message["content"] = Json::array();
  message["stop_reason"] = nullptr;
  message["stop_sequence"] = nullptr;
  return message;
}

/// Tokens read from the cache are not input tokens here.
Json usage_json(std::size_t prompt, std::size_t cached, std::size_t generated) {
  Json usage;
  usage["input_tokens"] = prompt - std::min(cached, prompt);
  usage["cache_creation_input_tokens"] = 0;
  usage["cache_read_input_tokens"] = cached;
  usage["output_tokens"] = generated;
  return usage;
}

Json usage_json(const inference::GenerationStats& stats) {
  return usage_json(stats.prompt_tokens, stats.cached_prompt_tokens, stats.generated_tokens);
}

/// "stop_reason" and "stop_sequence". Stop strings that are the model's own end a turn.
Json stop_fields(const chat::AnswerEnd& end, const std::vector<std::string>& stop_sequences) {
  const bool asked_for = !end.stop_string.empty() && std::find(stop_sequences.begin(), stop_sequences.end(),
                                                               end.stop_string) != stop_sequences.end();
  const char* reason = asked_for ? "stop_sequence" : end.called_tools ? "tool_use" : "end_turn";
  Json fields;
  fields["stop_reason"] = end.reason == inference::FinishReason::kLength ? "max_tokens" : reason;
  fields["stop_sequence"] = asked_for ? Json(end.stop_string) : Json();
  return fields;
}

Json thinking_block(const std::string& thinking) {
  return Json{{"type", "thinking"}, {"thinking", thinking}, {"signature", ""}};
}

Json text_block(const std::string& text) {
  return Json{{"type", "text"}, {"text", text}};
}

Json tool_use_block(const text::ToolCall& call, Json input) {
  Json block;
  block["type"] = "tool_use";
  block["id"] = call.id;
  block["name"] = call.name;
  block["input"] = std::move(input);
  return block;
}

std::string event(const char* type, Json fields) {
  Json data;
  data["type"] = type;
  data.update(fields);
  return event_record(type, data);
}

}  // namespace

MessageStream::MessageStream(std::string model, std::vector<std::string> stop_sequences,
                             std::string request_id)
    : model_(std::move(model)),
      stop_sequences_(std::move(stop_sequences)),
      request_id_(std::move(request_id)) {}

std::string_view MessageStream::content_type() const {
  return http::kEventStreamContentType;
}

std::string MessageStream::begin(const chat::BuiltPrompt& prompt) {
  Json fields;
  fields["message"] = message_head(model_);
  fields["message"]["usage"] = usage_json(prompt.tokens.size(), 0, 0);
  return event("message_start", std::move(fields));
}

std::string MessageStream::start(Json block) {
  Json fields;
  fields["index"] = blocks_++;
  fields["content_block"] = std::move(block);
  std::string records = event("content_block_start", std::move(fields));
  return blocks_ == 1 ? records + ping() : records;
}

std::string MessageStream::open(Open kind) {
  if (open_ == kind) {
    return {};
  }
  std::string records = close();
  open_ = kind;
  return records + start(kind == Open::kThinking ? thinking_block("") : text_block(""));
}

std::string MessageStream::delta(const char* type, const char* name, const std::string& text) const {
  Json fields;
  fields["index"] = blocks_ - 1;
  fields["delta"] = Json{{"type", type}, {name, text}};
  return event("content_block_delta", std::move(fields));
}

std::string MessageStream::close() {
  if (open_ == Open::kNone) {
    return {};
  }
  std::string records;
  if (open_ == Open::kThinking) {
    records += delta("signature_delta", "signature", "");
  }
  open_ = Open::kNone;
  return records + event("content_block_stop", Json{{"index", blocks_ - 1}});
}

std::string MessageStream::tool_use(const text::ToolCall& call) {
  std::string records = close();
  records += start(tool_use_block(call, Json::object()));
  records += delta("input_json_delta", "partial_json", to_json(call.arguments));
  return records + event("content_block_stop", Json{{"index", blocks_ - 1}});
}

std::string MessageStream::piece(chat::AnswerPiece piece) {
  std::string records;
  if (!piece.thinking.empty()) {
    records += open(Open::kThinking);
    records += delta("thinking_delta", "thinking", piece.thinking);
  }
  if (!piece.content.empty()) {
    records += open(Open::kText);
    records += delta("text_delta", "text", piece.content);
  }
  for (const text::ToolCall& call : piece.tool_calls) {
    records += tool_use(call);
  }
  return records;
}

std::string MessageStream::end(const chat::AnswerEnd& end) {
  std::string records = blocks_ == 0 ? open(Open::kText) : std::string();
  records += close();
  Json fields;
  fields["delta"] = stop_fields(end, stop_sequences_);
  fields["usage"] = usage_json(end.stats);
  return records + event("message_delta", std::move(fields)) + event("message_stop", Json::object());
}

std::string MessageStream::error(const base::Error& error) {
  return event_record("error", anthropic_error(http::status_of(error.code()), error.message(), request_id_));
}

std::string MessageStream::ping() {
  return event("ping", Json::object());
}

std::string message(const std::string& model, const std::vector<std::string>& stop_sequences,
                    const chat::WholeAnswer& answer) {
  Json message = message_head(model);
  Json& content = message["content"];
  bool said_or_called = false;
  for (const chat::AnswerPiece& piece : answer.pieces) {
    if (!piece.thinking.empty()) {
      content.push_back(thinking_block(piece.thinking));
    }
    if (!piece.content.empty()) {
      content.push_back(text_block(piece.content));
    }
    for (const text::ToolCall& call : piece.tool_calls) {
      content.push_back(tool_use_block(call, call.arguments));
    }
    said_or_called = said_or_called || !piece.content.empty() || !piece.tool_calls.empty();
  }
  if (!said_or_called) {
    content.push_back(text_block(""));
  }
  message.update(stop_fields(answer.end, stop_sequences));
  message["usage"] = usage_json(answer.end.stats);
  return to_json(message);
}

}  // namespace axllama::api::anthropic
