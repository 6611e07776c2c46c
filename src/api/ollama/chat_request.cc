#include <algorithm>

#include "api/ollama/request_fields.h"
#include "base/error.h"
#include "http/headers.h"

namespace axllama::api::ollama {
namespace {

text::ToolCall parse_tool_call(const Json& value, const std::string& path) {
  if (!value.is_object()) {
    refuse_request("the field \"" + path + "\" must be an object, not " + std::string(json_kind(value)));
  }
  const JsonFields fields(value, path + ".");
  text::ToolCall call;
  call.id = fields.string("id");
  const Json* function = fields.object("function");
  if (function == nullptr) {
    refuse_request("the field \"" + fields.path_of("function") + "\" is missing");
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
    refuse_request("the field \"" + path + "\" must be an object, not " + std::string(json_kind(value)));
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
    refuse_request("the field \"" + fields.path_of("role") + "\" is missing");
  }
  images = images || has_images(fields);
  return message;
}

/// Qwen3 and DeepSeek-R1 must not see what they thought in earlier turns; clients that show thoughts within
/// the answer send them back so.
void drop_earlier_thoughts(std::vector<text::ChatMessage>& messages) {
  const auto last_user =
      std::find_if(messages.rbegin(), messages.rend(),
                   [](const text::ChatMessage& message) { return message.role == "user"; });
  if (last_user == messages.rend()) {
    return;
  }
  for (auto message = messages.begin(); message != last_user.base() - 1; ++message) {
    constexpr std::string_view kOpening = "<think>";
    constexpr std::string_view kClosing = "</think>";
    if (message->role != "assistant" || !message->content.starts_with(kOpening)) {
      continue;
    }
    const auto closing = message->content.find(kClosing);
    if (closing != std::string::npos) {
      const auto rest = message->content.find_first_not_of(" \t\r\n", closing + kClosing.size());
      message->content = rest == std::string::npos ? std::string() : message->content.substr(rest);
    }
  }
}

bool hides_earlier_thoughts(const OpenModel& model) {
  return model.package->architecture() == "qwen3" ||
         model.record.name.find("deepseek-r1") != std::string::npos;
}

}  // namespace

InferenceCall parse_chat_request(const Json& body, const store::Library& library) {
  const JsonFields fields(body);
  InferenceCall call;
  call.form = InferenceCall::Form::kChat;
  call.asked_name = fields.string("model");
  set_switches(call, fields);
  const Json* tools = fields.array("tools");
  bool images = false;
  if (const Json* messages = fields.array("messages")) {
    for (std::size_t i = 0; i < messages->size(); ++i) {
      call.messages.push_back(parse_message((*messages)[i], i, images));
    }
  }
  const std::optional<bool> think = parse_think(fields);
  check_top_logprobs(fields);

  if (call.asked_name.empty()) {
    refuse_request("model is required");
  }
  call.model = open_model(library, call.asked_name);
  if (is_unload(!call.messages.empty(), call.keep_alive)) {
    call.action = InferenceCall::Action::kUnload;
    return call;
  }
  set_think(call, think);
  if (tools != nullptr && !tools->empty()) {
    refuse_request(call.model.full_name() + " does not support tools");
  }
  if (images) {
    refuse_images(call);
  }
  refuse_unsupported(fields);
  set_options(call, fields);
  if (call.messages.empty()) {
    call.action = InferenceCall::Action::kLoad;
    return call;
  }
  const auto& system = call.model.package->system_prompt();
  if (system && !system->empty() && call.messages.front().role != "system") {
    call.messages.insert(call.messages.begin(), {"system", *system});
  }
  if (hides_earlier_thoughts(call.model)) {
    drop_earlier_thoughts(call.messages);
  }
  return call;
}

}  // namespace axllama::api::ollama
