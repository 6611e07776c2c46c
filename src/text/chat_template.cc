#include "text/chat_template.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "text/jinja/template.h"
#include "text/message_form.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

/// The variables that transformers' apply_chat_template gives a template.
Json variables_of(const ChatTemplateInputs& inputs, const SpecialTokens& special_tokens,
                  const MessageForm& form, const ToolCallFormat& format) {
  Json variables = Json::object();
  variables["messages"] = messages_json(inputs, form, format);
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
    return chosen.render(variables_of(inputs, about.special_tokens, form, tool_calls), {.now = inputs.now});
  }

  void probe();
  void probe_thoughts(const ChatMessage& user, const std::string& plain);
  void probe_tools(const ChatMessage& user);
  void probe_calls(const ChatMessage& user, const Json& tool);
  /// The prompt, or nothing when the template refuses such a conversation.
  std::string try_render(const ChatTemplateInputs& inputs) const;

  ChatTemplateSource about;
  jinja::Template main;
  std::optional<jinja::Template> tool_use;
  MessageForm form;
  ToolCallFormat tool_calls;
  ThinkingTags thinking_tags;
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

bool ends_with_tag(std::string_view prompt, std::string_view tag) {
  return prompt.substr(0, prompt.find_last_not_of(" \n") + 1).ends_with(tag);
}

/// The tags around `thought`, which stands before `answer`: a closing tag with its opening one in front of
/// the thought.
std::optional<ThinkingTags> tags_around(std::string_view prompt, std::string_view thought,
                                        std::string_view answer) {
  constexpr std::string_view kBlank = " \n";
  const auto begin = prompt.find(thought);
  const auto end = prompt.find(answer, begin == std::string_view::npos ? begin : begin + thought.size());
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view closing = prompt.substr(begin + thought.size(), end - begin - thought.size());
  closing.remove_prefix(std::min(closing.find_first_not_of(kBlank), closing.size()));
  closing = closing.substr(0, closing.find_last_not_of(kBlank) + 1);
  const auto slash = closing.find('/');
  if (slash == std::string_view::npos || closing.find_first_of(kBlank) != std::string_view::npos) {
    return std::nullopt;
  }
  std::string opening(closing);
  opening.erase(slash, 1);
  if (!ends_with_tag(prompt.substr(0, begin), opening)) {
    return std::nullopt;
  }
  return ThinkingTags{.opening = opening, .closing = std::string(closing)};
}

/// Of templates that leave thoughts out.
std::optional<ThinkingTags> known_tags(std::string_view source) {
  if (source.find("[THINK]") != std::string_view::npos && source.find("<think>") == std::string_view::npos) {
    return ThinkingTags{.opening = "[THINK]", .closing = "[/THINK]"};
  }
  return std::nullopt;
}

}  // namespace

void ChatTemplate::Parsed::probe() {
  const std::string question = "PROBE-QUESTION";
  const std::string instruction = "PROBE-INSTRUCTION";
  const ChatMessage user{.role = "user", .content = question};

  if (!has(try_render({.messages = {user}}), question)) {
    form.content_parts = true;
    form.content_parts = has(try_render({.messages = {user}}), question);
  }
  const std::string plain = try_render({.messages = {user}});

  system = has(try_render({.messages = {{.role = "system", .content = instruction}, user}}), instruction);

  probe_tools(user);

  thinking_switch = try_render({.messages = {user}, .enable_thinking = true}) !=
                    try_render({.messages = {user}, .enable_thinking = false});

  probe_thoughts(user, plain);
}

void ChatTemplate::Parsed::probe_thoughts(const ChatMessage& user, const std::string& plain) {
  const std::string answer = "PROBE-ANSWER";
  const std::string thought = "PROBE-THOUGHT";
  const ChatMessage reasoned{.role = "assistant", .content = answer, .thinking = thought};
  const std::string with_field = try_render({.messages = {user, reasoned}, .add_generation_prompt = false});
  if (const auto tags = tags_around(with_field, thought, answer)) {
    thinking_tags = *tags;
  } else if (const auto known = known_tags(about.source)) {
    thinking_tags = *known;
  }
  const ChatMessage marked{
      .role = "assistant",
      .content = thinking_tags.opening + "\n" + thought + "\n" + thinking_tags.closing + "\n\n" + answer};
  const std::string with_marks = try_render({.messages = {user, marked, user}});
  thinking = thinking_switch || ends_with_tag(plain, thinking_tags.opening) || has(with_field, thought) ||
             (has(with_marks, answer) && !has(with_marks, thought));
}

void ChatTemplate::Parsed::probe_tools(const ChatMessage& user) {
  const Json tool = {{"type", "function"},
                     {"function",
                      {{"name", "probe_tool"},
                       {"description", "Probes."},
                       {"parameters",
                        {{"type", "object"},
                         {"properties", {{"x", {{"type", "string"}, {"description", "Anything."}}}}}}}}}};
  const auto shows_tools = [&] {
    return has(try_render({.messages = {user}, .tools = Json::array({tool})}), "probe_tool");
  };
  tools = shows_tools();
  if (!tools && main.mentions_member("tools")) {
    form.tools_in_system = true;
    tools = shows_tools();
    form.tools_in_system = tools;
  }
  probe_calls(user, tool);
  tool_calls = detect_tool_call_format(
      [&](const std::string& content, const std::vector<ToolCall>& calls) {
        if (form.calls_in_content && !calls.empty()) {
          return std::string();
        }
        return try_render({.messages = {user, {.role = "assistant", .content = content, .tool_calls = calls}},
                           .tools = Json::array({tool}),
                           .add_generation_prompt = false});
      },
      about.source + about.tool_use_source);
}

/// Finds the form in which calls with their arguments appear in the prompt.
void ChatTemplate::Parsed::probe_calls(const ChatMessage& user, const Json& tool) {
  const std::string value = "PROBE-VALUE";
  const auto shows_calls = [&](const std::string& id) {
    const ChatMessage call{.role = "assistant",
                           .content = "",
                           .tool_calls = {{.id = id, .name = "probe_tool", .arguments = {{"x", value}}}}};
    const ChatMessage result{.role = "tool", .content = "1", .tool_name = "probe_tool", .tool_call_id = id};
    return has(try_render({.messages = {user, call, result}, .tools = Json::array({tool})}), value);
  };
  for (const bool text_arguments : {false, true}) {
    for (const bool null_content : {false, true}) {
      form.text_arguments = text_arguments;
      form.null_content = null_content;
      if (shows_calls("probe0001")) {
        form.short_ids = !shows_calls("call_probe0001") || !shows_calls("");
        return;
      }
    }
  }
  form.text_arguments = false;
  form.null_content = false;
  form.calls_in_content = true;
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
const ToolCallFormat& ChatTemplate::tool_call_format() const {
  return parsed_->tool_calls;
}
bool ChatTemplate::supports_thinking() const {
  return parsed_->thinking;
}
const ThinkingTags& ChatTemplate::thinking_tags() const {
  return parsed_->thinking_tags;
}
bool ChatTemplate::can_switch_thinking() const {
  return parsed_->thinking_switch;
}
bool ChatTemplate::supports_system() const {
  return parsed_->system;
}

}  // namespace axllama::text
