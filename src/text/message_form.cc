#include "text/message_form.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <utility>

#include "text/jinja/template.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShortIdLength = 9;

Json tool_call_json(const ToolCall& call, const MessageForm& form) {
  Json json = Json::object();
  if (!call.id.empty()) {
    json["id"] = call.id;
  }
  json["type"] = "function";
  json["function"] = {{"name", call.name}};
  if (form.text_arguments) {
    json["function"]["arguments"] = jinja::to_json_text(call.arguments);
  } else {
    json["function"]["arguments"] = call.arguments;
  }
  return json;
}

Json message_json(const ChatMessage& message, const MessageForm& form) {
  Json json = Json::object();
  json["role"] = message.role;
  if (form.null_content && message.content.empty() && !message.tool_calls.empty()) {
    json["content"] = nullptr;
  } else if (form.content_parts) {
    json["content"] = Json::array({{{"type", "text"}, {"text", message.content}}});
  } else {
    json["content"] = message.content;
  }
  if (!message.thinking.empty()) {
    json[form.thinking_field ? "thinking" : "reasoning_content"] = message.thinking;
  }
  if (!message.tool_calls.empty()) {
    Json& calls = json["tool_calls"] = Json::array();
    for (const ToolCall& call : message.tool_calls) {
      calls.push_back(tool_call_json(call, form));
    }
  }
  if (!message.tool_name.empty()) {
    json["name"] = message.tool_name;
  }
  if (!message.tool_call_id.empty()) {
    json["tool_call_id"] = message.tool_call_id;
  }
  return json;
}

bool is_short_id(const std::string& id) {
  return id.size() == kShortIdLength &&
         std::all_of(id.begin(), id.end(), [](unsigned char letter) { return std::isalnum(letter) != 0; });
}

/// "call00001"
std::string short_id(std::size_t number) {
  std::string digits = std::to_string(number % 100'000);
  return "call" + std::string(5 - digits.size(), '0') + digits;
}

/// Gives every call an identifier of nine letters and digits, and every result that of its call: the one it
/// names, else the first that has no result yet.
void shorten_ids(std::vector<ChatMessage>& messages) {
  struct Open {
    std::string asked;
    std::string given;
  };
  std::vector<Open> open;  // calls without a result
  std::size_t count = 0;
  for (ChatMessage& message : messages) {
    for (ToolCall& call : message.tool_calls) {
      ++count;
      std::string given = is_short_id(call.id) ? call.id : short_id(count);
      open.push_back({std::exchange(call.id, given), given});
    }
    if (message.role != "tool") {
      continue;
    }
    auto answered = std::find_if(open.rbegin(), open.rend(), [&](const Open& call) {
                      return !message.tool_call_id.empty() && call.asked == message.tool_call_id;
                    }).base();
    answered = answered == open.begin() ? open.begin() : answered - 1;
    if (answered != open.end()) {
      message.tool_call_id = answered->given;
      open.erase(answered);
    } else if (!is_short_id(message.tool_call_id)) {
      message.tool_call_id = short_id(0);
    }
  }
}

void write_calls(std::vector<ChatMessage>& messages, const ToolCallFormat& format) {
  for (ChatMessage& message : messages) {
    message.content += write_tool_calls(format, message.tool_calls);
    message.tool_calls.clear();
  }
}

/// The functions themselves, without {"type": "function"} around each.
std::string functions_text(const Json& tools) {
  Json functions = Json::array();
  for (const Json& tool : tools) {
    functions.push_back(tool.is_object() && tool.contains("function") ? tool["function"] : tool);
  }
  return jinja::to_json_text(functions);
}

}  // namespace

Json messages_json(const ChatTemplateInputs& inputs, const MessageForm& form, const ToolCallFormat& format) {
  std::vector<ChatMessage> messages = inputs.messages;
  if (form.short_ids) {
    shorten_ids(messages);
  }
  if (form.calls_in_content) {
    write_calls(messages, format);
  }
  const bool offers_in_system = form.tools_in_system && inputs.tools.is_array() && !inputs.tools.empty();
  if (offers_in_system && (messages.empty() || messages.front().role != "system")) {
    messages.insert(messages.begin(), {.role = "system"});
  }
  Json list = Json::array();
  for (const ChatMessage& message : messages) {
    list.push_back(message_json(message, form));
  }
  if (offers_in_system) {
    list.front()["tools"] = functions_text(inputs.tools);
  }
  return list;
}

}  // namespace axllama::text
