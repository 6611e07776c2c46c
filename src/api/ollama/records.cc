#include "api/ollama/records.h"

#include <algorithm>
#include <utility>

#include "api/chat/logprobs.h"
#include "base/timestamp.h"

namespace axllama::api::ollama {
namespace {

void set_if_not_zero(Json& record, const char* name, std::uint64_t value) {
  if (value != 0) {
    record[name] = value;
  }
}

/// A time that passed is never nothing: clients divide by it.
std::uint64_t nanoseconds(std::chrono::nanoseconds duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 1));
}

Json tool_calls_json(const std::vector<text::ToolCall>& calls, std::size_t index) {
  Json list = Json::array();
  for (const text::ToolCall& call : calls) {
    Json entry;
    entry["id"] = call.id;
    entry["function"]["index"] = index++;
    entry["function"]["name"] = call.name;
    entry["function"]["arguments"] = call.arguments;
    list.push_back(std::move(entry));
  }
  return list;
}

/// The fields of a message: within an object for chats, of the record itself for completions.
void set_message(Json& fields, const char* content_name, const chat::AnswerPiece& message,
                 std::size_t calls) {
  fields[content_name] = message.content;
  if (!message.thinking.empty()) {
    fields["thinking"] = message.thinking;
  }
  if (!message.tool_calls.empty()) {
    fields["tool_calls"] = tool_calls_json(message.tool_calls, calls);
  }
}

}  // namespace

Json Records::begin(const chat::AnswerPiece& message, std::size_t calls, bool done) const {
  Json record;
  record["model"] = model_;
  record["created_at"] = base::format_timestamp_utc(std::chrono::system_clock::now());
  if (form_ == InferenceCall::Form::kGenerate) {
    set_message(record, "response", message, calls);
  } else {
    record["message"]["role"] = "assistant";
    set_message(record["message"], "content", message, calls);
  }
  record["done"] = done;
  if (!message.logprobs.empty()) {
    record["logprobs"] = chat::logprobs_json(message.logprobs);
  }
  return record;
}

std::vector<Json> Records::pieces(const chat::AnswerPiece& piece, std::size_t calls) const {
  std::vector<chat::AnswerPiece> parts;
  if (!piece.thinking.empty()) {
    parts.emplace_back().thinking = piece.thinking;
  }
  if (!piece.content.empty()) {
    parts.emplace_back().content = piece.content;
  }
  if (!piece.tool_calls.empty()) {
    parts.emplace_back().tool_calls = piece.tool_calls;
  }
  if (!piece.logprobs.empty()) {
    if (parts.empty()) {
      parts.emplace_back();
    }
    parts.front().logprobs = piece.logprobs;
  }
  std::vector<Json> records;
  records.reserve(parts.size());
  for (const chat::AnswerPiece& part : parts) {
    records.push_back(begin(part, calls, false));
  }
  return records;
}

Json Records::without_answer(const std::string& done_reason) const {
  Json record = begin({}, 0, true);
  record["done_reason"] = done_reason;
  return record;
}

Json Records::last(const chat::AnswerPiece& message, const std::string& done_reason, const Metrics& metrics,
                   const std::vector<text::TokenId>& context) const {
  Json record = begin(message, 0, true);
  record["done_reason"] = done_reason;
  if (!context.empty()) {
    record["context"] = context;
  }
  const inference::GenerationStats& stats = metrics.stats;
  record["total_duration"] = nanoseconds(metrics.total);
  record["load_duration"] = nanoseconds(metrics.load);
  set_if_not_zero(record, "prompt_eval_count", stats.prompt_tokens);
  set_if_not_zero(record, "prompt_eval_cached_count", stats.cached_prompt_tokens);
  record["prompt_eval_duration"] = nanoseconds(stats.prompt_time);
  set_if_not_zero(record, "eval_count", stats.generated_tokens);
  set_if_not_zero(record, "eval_guessed_count", stats.guessed_tokens);
  set_if_not_zero(record, "eval_accepted_count", stats.accepted_tokens);
  set_if_not_zero(record, "eval_draft_count", stats.drafted_tokens);
  set_if_not_zero(record, "eval_draft_accepted_count", stats.accepted_drafts);
  if (stats.generated_tokens != 0) {
    record["eval_duration"] = nanoseconds(stats.generation_time);
  }
  return record;
}

Json Records::rendered(const std::string& prompt) const {
  Json record = begin({}, 0, false);
  record["_debug_info"]["rendered_template"] = prompt;
  return record;
}

std::string error_json(const std::string& message) {
  Json body;
  body["error"] = message;
  return to_json(body);
}

}  // namespace axllama::api::ollama
