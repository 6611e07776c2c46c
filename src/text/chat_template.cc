#include "text/chat_template.h"

#include <utility>

#include "base/error.h"
#include "text/jinja/template.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

/// How a template wants to see messages, as far as templates differ.
struct MessageForm {
  bool thinking_field = false;  // `thinking` instead of `reasoning_content`
  bool content_parts = false;   // content as [{"type": "text", "text": ...}] instead of a string
  bool null_content = false;    // null instead of "" beside tool calls
  bool text_arguments = false;  // a call's arguments as JSON text instead of an object
};

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

/// The variables that transformers' apply_chat_template gives a template.
Json variables_of(const ChatTemplateInputs& inputs, const SpecialTokens& special_tokens,
                  const MessageForm& form) {
  Json variables = Json::object();
  Json& messages = variables["messages"] = Json::array();
  for (const ChatMessage& message : inputs.messages) {
    messages.push_back(message_json(message, form));
  }
  const bool has_tools = inputs.tools.is_array() && !inputs.tools.empty();
  variables["tools"] = has_tools ? inputs.tools : Json(nullptr);
  variables["documents"] = nullptr;
  variables["add_generation_prompt"] = inputs.add_generation_prompt;
  for (const auto& [name, text] : special_tokens) {
    variables[name] = text;
  }
  if (inputs.enable_thinking) {
    variables["enable_thinking"] = *inputs.enable_thinking;
  }
  if (inputs.extra.is_object()) {
    for (const auto& [name, value] : inputs.extra.items()) {
      variables[name] = value;
    }
  }
  return variables;
}

}  // namespace

struct ChatTemplate::Parsed {
  explicit Parsed(ChatTemplateSource found)
      : about(std::move(found)), main(about.source, about.name + " chat template") {
    if (!about.tool_use_source.empty()) {
      tool_use.emplace(about.tool_use_source, about.name + " tool-use chat template");
    }
    form.thinking_field = main.mentions_member("thinking") && !main.mentions_member("reasoning_content");
    probe();
  }

  std::string render(const ChatTemplateInputs& inputs) const {
    const bool has_tools = inputs.tools.is_array() && !inputs.tools.empty();
    const jinja::Template& chosen = has_tools && tool_use ? *tool_use : main;
    return chosen.render(variables_of(inputs, about.special_tokens, form), {.now = inputs.now});
  }

  void probe();
  void probe_calls(const ChatMessage& user, const Json& tool);
  /// The prompt, or nothing when the template refuses such a conversation.
  std::string try_render(const ChatTemplateInputs& inputs) const;

  ChatTemplateSource about;
  jinja::Template main;
  std::optional<jinja::Template> tool_use;
  MessageForm form;
  bool tools = false;
  bool thinking = false;
  bool thinking_switch = false;
  bool system = false;
};

std::string ChatTemplate::Parsed::try_render(const ChatTemplateInputs& inputs) const {
  try {
    return render(inputs);
  } catch (const base::Error&) {
    return {};
  }
}

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool opens_thinking(std::string prompt) {
  prompt.erase(prompt.find_last_not_of(" \n") + 1);
  return prompt.ends_with("<think>");
}

}  // namespace

void ChatTemplate::Parsed::probe() {
  const std::string question = "PROBE-QUESTION";
  const std::string answer = "PROBE-ANSWER";
  const std::string thought = "PROBE-THOUGHT";
  const std::string instruction = "PROBE-INSTRUCTION";
  const ChatMessage user{.role = "user", .content = question};

  if (!has(try_render({.messages = {user}}), question)) {
    form.content_parts = true;
    form.content_parts = has(try_render({.messages = {user}}), question);
  }
  const std::string plain = try_render({.messages = {user}});

  system = has(try_render({.messages = {{.role = "system", .content = instruction}, user}}), instruction);

  const Json tool = {{"type", "function"},
                     {"function",
                      {{"name", "probe_tool"},
                       {"description", "Probes."},
                       {"parameters",
                        {{"type", "object"},
                         {"properties", {{"x", {{"type", "string"}, {"description", "Anything."}}}}}}}}}};
  tools = has(try_render({.messages = {user}, .tools = Json::array({tool})}), "probe_tool");

  probe_calls(user, tool);

  thinking_switch = try_render({.messages = {user}, .enable_thinking = true}) !=
                    try_render({.messages = {user}, .enable_thinking = false});

  const ChatMessage reasoned{.role = "assistant", .content = answer, .thinking = thought};
  const ChatMessage marked{.role = "assistant", .content = "<think>\n" + thought + "\n</think>\n\n" + answer};
  const std::string with_field = try_render({.messages = {user, reasoned}, .add_generation_prompt = false});
  const std::string with_marks = try_render({.messages = {user, marked, user}});
  thinking = thinking_switch || opens_thinking(plain) || has(with_field, thought) ||
             (has(with_marks, answer) && !has(with_marks, thought));
}

/// Finds the form in which calls with their arguments appear in the prompt.
void ChatTemplate::Parsed::probe_calls(const ChatMessage& user, const Json& tool) {
  const std::string value = "PROBE-VALUE";
  const std::string id = "probe0001";  // some templates insist on nine characters
  const ChatMessage call{.role = "assistant",
                         .content = "",
                         .tool_calls = {{.id = id, .name = "probe_tool", .arguments = {{"x", value}}}}};
  const ChatMessage result{.role = "tool", .content = "1", .tool_name = "probe_tool", .tool_call_id = id};
  const ChatTemplateInputs inputs{.messages = {user, call, result}, .tools = Json::array({tool})};
  for (const bool text_arguments : {false, true}) {
    for (const bool null_content : {false, true}) {
      form.text_arguments = text_arguments;
      form.null_content = null_content;
      if (has(try_render(inputs), value)) {
        return;
      }
    }
  }
  form.text_arguments = false;
  form.null_content = false;
}

ChatTemplate::ChatTemplate(std::string source, std::string name, SpecialTokens special_tokens)
    : ChatTemplate(ChatTemplateSource{.source = std::move(source),
                                      .tool_use_source = {},
                                      .name = std::move(name),
                                      .special_tokens = std::move(special_tokens)}) {}

ChatTemplate::ChatTemplate(ChatTemplateSource source)
    : parsed_(std::make_shared<const Parsed>(std::move(source))) {}

std::string ChatTemplate::render(const ChatTemplateInputs& inputs) const {
  return parsed_->render(inputs);
}

const std::string& ChatTemplate::source() const {
  return parsed_->about.source;
}
const std::string& ChatTemplate::name() const {
  return parsed_->about.name;
}
bool ChatTemplate::supports_tools() const {
  return parsed_->tools;
}
bool ChatTemplate::supports_thinking() const {
  return parsed_->thinking;
}
bool ChatTemplate::can_switch_thinking() const {
  return parsed_->thinking_switch;
}
bool ChatTemplate::supports_system() const {
  return parsed_->system;
}

}  // namespace axllama::text
