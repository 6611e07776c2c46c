#include "api/openai/chat_request.h"

#include <string>
#include <utility>

#include "api/chat/tools.h"
#include "api/openai/answer_fields.h"
#include "api/openai/request_fields.h"
#include "http/headers.h"

namespace axllama::api::openai {
namespace {

using chat::refuse_request;

void check_image_part(const JsonFields& part) {
  const Json* url = part.find("image_url");
  if (url == nullptr || (!url->is_string() && !url->is_object())) {
    refuse_request("invalid image input");
  }
  check_image_url(url->is_string() ? url->get<std::string>() : part.inside("image_url", *url).string("url"));
}

/// The text of a message's content: a string, or parts of which the texts are put together with a line break.
std::string parse_content(const JsonFields& message, bool may_be_empty, bool& images) {
  const Json* content = message.find("content");
  if (content == nullptr) {
    if (!may_be_empty) {
      refuse_request("invalid message content type: <nil>");
    }
    return {};
  }
  if (content->is_string()) {
    return content->get<std::string>();
  }
  if (!content->is_array()) {
    refuse_request("the field \"" + message.path_of("content") +
                   "\" must be a string or an array of parts, not " + std::string(json_kind(*content)));
  }
  std::string text;
  for (std::size_t i = 0; i < content->size(); ++i) {
    const JsonFields part = message.element("content", *content, i);
    const std::string type = part.string("type");
    if (type == "text") {
      text += (text.empty() ? "" : "\n") + part.string("text");
    } else if (type == "refusal") {
      text += (text.empty() ? "" : "\n") + part.string("refusal");
    } else if (type == "image_url") {
      check_image_part(part);
      images = true;
    } else {
      refuse_request("the field \"" + part.path_of("type") + "\" must be \"text\" or \"image_url\", not " +
                     chat::in_quotes(type));
    }
  }
  return text;
}

text::ToolCall parse_tool_call(const JsonFields& fields) {
  text::ToolCall call;
  call.id = fields.string("id");
  const Json* function = fields.object("function");
  if (function == nullptr) {
    refuse_request("the field \"" + fields.path_of("function") + "\" is missing");
  }
  const JsonFields called = fields.inside("function", *function);
  call.name = called.string("name");
  call.arguments = parse_arguments(called.string("arguments"));
  return call;
}

text::ChatMessage parse_message(const JsonFields& fields, bool& images) {
  text::ChatMessage message;
  message.role = http::to_lower(fields.string("role"));
  if (message.role.empty()) {
    refuse_request("the field \"" + fields.path_of("role") + "\" is missing");
  }
  if (message.role == "developer") {
    message.role = "system";
  }
  if (const Json* calls = fields.array("tool_calls")) {
    for (std::size_t i = 0; i < calls->size(); ++i) {
      message.tool_calls.push_back(parse_tool_call(fields.element("tool_calls", *calls, i)));
    }
  }
  message.thinking = fields.string("reasoning", fields.string("reasoning_content"));
  message.content = parse_content(fields, !message.tool_calls.empty(), images);
  message.tool_call_id = fields.string("tool_call_id");
  if (message.role == "tool") {
    message.tool_name = fields.string("name");
  }
  return message;
}

}  // namespace

ChatCompletionRequest parse_chat_request(const Json& body, const store::Library& library) {
  const JsonFields fields(body);
  ChatCompletionRequest request;
  chat::ChatRequest& chat = request.chat;
  const Json* messages = fields.array("messages");
  if (messages == nullptr || messages->empty()) {
    refuse_request("[] is too short - 'messages'");
  }
  bool images = false;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    chat.messages.push_back(parse_message(fields.element("messages", *messages, i), images));
  }
  const std::string reasoning = parse_reasoning(fields);
  const Json* tools = fields.array("tools");
  const std::optional<chat::ToolChoice> tool_choice = chat::parse_tool_choice(fields);
  request.stream = fields.boolean("stream", false);
  request.include_usage = wants_usage(fields);
  request.answers = parse_answer_count(fields, 1);
  const bool logprobs = fields.boolean("logprobs", false);
  const int top_logprobs = chat::parse_top_logprobs(fields);

  open_asked(chat, fields, library);
  chat::require_completion(chat, "chat");
  set_reasoning(chat, reasoning);
  if (tools != nullptr && tool_choice) {
    chat::offer_tools(chat, *tools, *tool_choice);
  }
  if (images) {
    chat::refuse_images(chat);
  }
  set_answer_form(chat, fields);
  set_sampling(chat, fields);
  set_token_limit(chat, fields, {"max_completion_tokens", "max_tokens"});
  if (logprobs) {
    chat.top_logprobs = top_logprobs;
  }
  chat::complete_conversation(chat);
  return request;
}

}  // namespace axllama::api::openai
