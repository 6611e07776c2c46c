#include "api/openai/response_object.h"

#include <chrono>
#include <utility>

#include "telemetry/request_id.h"

namespace axllama::api::openai {
namespace {

Json usage_json(const inference::GenerationStats& stats) {
  Json usage;
  usage["input_tokens"] = stats.prompt_tokens;
  usage["input_tokens_details"]["cached_tokens"] = stats.cached_prompt_tokens;
  usage["output_tokens"] = stats.generated_tokens;
  usage["output_tokens_details"]["reasoning_tokens"] = 0;
  usage["total_tokens"] = stats.prompt_tokens + stats.generated_tokens;
  return usage;
}

}  // namespace

std::string new_item_id(const std::string& prefix) {
  return prefix + "_" + telemetry::new_request_id();
}

Json text_part(const std::string& text) {
  Json part;
  part["type"] = "output_text";
  part["text"] = text;
  part["annotations"] = Json::array();
  part["logprobs"] = Json::array();
  return part;
}

Json reasoning_item(const std::string& id, const std::string& thinking) {
  Json item;
  item["id"] = id;
  item["type"] = "reasoning";
  item["summary"] = Json::array();
  if (!thinking.empty()) {
    item["summary"].push_back(Json{{"type", "summary_text"}, {"text", thinking}});
    item["encrypted_content"] = thinking;  // comes back with the next request
  }
  return item;
}

Json message_item(const std::string& id, const std::string& text, const char* status) {
  Json item;
  item["id"] = id;
  item["type"] = "message";
  item["status"] = status;
  item["role"] = "assistant";
  item["content"] = Json::array();
  if (std::string_view(status) != "in_progress") {
    item["content"].push_back(text_part(text));
  }
  return item;
}

Json function_call_item(const std::string& id, const text::ToolCall& call, const std::string& arguments,
                        const char* status) {
  Json item;
  item["id"] = id;
  item["type"] = "function_call";
  item["status"] = status;
  item["call_id"] = call.id;
  item["name"] = call.name;
  item["arguments"] = arguments;
  return item;
}

ResponseObject::ResponseObject(const ResponsesRequest& request)
    : head_("resp_", request.chat.asked_name), echo_(request.echo) {}

Json ResponseObject::make(const char* status) const {
  Json object;
  object["id"] = head_.id;
  object["object"] = "response";
  object["created_at"] = head_.created;
  object["completed_at"] = nullptr;
  object["status"] = status;
  object["incomplete_details"] = nullptr;
  object["error"] = nullptr;
  object["model"] = head_.model;
  object["previous_response_id"] = nullptr;
  object["output"] = Json::array();
  object["usage"] = nullptr;
  object.update(echo_);
  return object;
}

Json ResponseObject::begun() const {
  return make("in_progress");
}

Json ResponseObject::ended(Json output, const chat::AnswerEnd& end) const {
  const bool cut = end.reason == inference::FinishReason::kLength;
  Json object = make(cut ? "incomplete" : "completed");
  object["completed_at"] = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (cut) {
    object["incomplete_details"] = Json{{"reason", "max_output_tokens"}};
  }
  object["output"] = std::move(output);
  object["usage"] = usage_json(end.stats);
  return object;
}

std::string ResponseObject::whole(const chat::WholeAnswer& answer) const {
  Json output = Json::array();
  bool said_or_called = false;
  for (const chat::AnswerPiece& piece : answer.pieces) {
    if (!piece.thinking.empty()) {
      output.push_back(reasoning_item(new_item_id("rs"), piece.thinking));
    }
    if (!piece.content.empty()) {
      output.push_back(message_item(new_item_id("msg"), piece.content, "completed"));
    }
    for (const text::ToolCall& call : piece.tool_calls) {
      output.push_back(function_call_item(new_item_id("fc"), call, to_json(call.arguments), "completed"));
    }
    said_or_called = said_or_called || !piece.content.empty() || !piece.tool_calls.empty();
  }
  if (!said_or_called) {
    output.push_back(message_item(new_item_id("msg"), "", "completed"));
  }
  return to_json(ended(std::move(output), answer.end));
}

}  // namespace axllama::api::openai
