#include "api/chat/tools.h"
#include "api/ollama/request_fields.h"
#include "http/headers.h"

namespace axllama::api::ollama {
namespace {

text::ToolCall parse_tool_call(const Json& value, const std::string& path) {
  if (!value.is_object()) {
    chat::refuse_request("the field \"" + path + "\" must be an object, not " +
                         std::string(json_kind(value)));
  }
  const JsonFields fields(value, path + ".");
  text::ToolCall call;
  call.id = fields.string("id");
  const Json* function = fields.object("function");
  if (function == nullptr) {
    chat::refuse_request("the field \"" + fields.path_of("function") + "\" is missing");
  }
  const JsonFields function_fields(*function, path + ".function.");
  call.name = function_fields.string("name");
  if (const Json* arguments = function_fields.object("arguments")) {
    call.arguments = *arguments;
  }
  return call;
}

text::ChatMessage parse_message(const Json& value, std::size_t index, bool& images) {
  const std::string path = "messages[" + std::to_string(index) + "]";
  if (!value.is_object()) {
    chat::refuse_request("the field \"" + path + "\" must be an object, not " +
                         std::string(json_kind(value)));
  }
  const JsonFields fields(value, path + ".");
  text::ChatMessage message;
  message.role = http::to_lower(fields.string("role"));
  message.content = fields.string("content");
  message.thinking = fields.string("thinking");
  message.tool_name = fields.string("tool_name");
  message.tool_call_id = fields.string("tool_call_id");
  if (const Json* calls = fields.array("tool_calls")) {
    for (std::size_t i = 0; i < calls->size(); ++i) {
      message.tool_calls.push_back(
          parse_tool_call((*calls)[i], path + ".tool_calls[" + std::to_string(i) + "]"));
    }
  }
  if (message.role.empty()) {
    chat::refuse_request("the field \"" + fields.path_of("role") + "\" is missing");
  }
  images = images || has_images(fields);
  return message;
}

}  // namespace

InferenceCall parse_chat_request(const Json& body, const store::Library& library) {
  const JsonFields fields(body);
  InferenceCall call;
  call.form = InferenceCall::Form::kChat;
  chat::ChatRequest& request = call.request;
  request.asked_name = fields.string("model");
  set_switches(call, fields);
  const Json* tools = fields.array("tools");
  const std::optional<chat::ToolChoice> tool_choice = chat::parse_tool_choice(fields);
  bool images = false;
  if (const Json* messages = fields.array("messages")) {
    for (std::size_t i = 0; i < messages->size(); ++i) {
      request.messages.push_back(parse_message((*messages)[i], i, images));
    }
  }
  const std::optional<bool> think = parse_think(fields);
  chat::parse_top_logprobs(fields);  // checked before the model is looked at

  if (request.asked_name.empty()) {
    chat::refuse_request("model is required");
  }
  request.model = chat::open_model(library, request.asked_name);
  if (is_unload(!request.messages.empty(), request.keep_alive)) {
    call.action = InferenceCall::Action::kUnload;
    return call;
  }
  chat::require_completion(request, "chat");
  chat::set_thinking(request, think, parse_think_level(fields));
  if (tool_choice) {
    chat::offer_tools(request, tools != nullptr ? *tools : Json(), *tool_choice);
  }
  if (images) {
    chat::refuse_images(request);
  }
  set_output(call, fields);
  set_options(call, fields);
  if (request.messages.empty()) {
    call.action = InferenceCall::Action::kLoad;
    return call;
  }
  chat::complete_conversation(request);
  return call;
}

}  // namespace axllama::api::ollama
