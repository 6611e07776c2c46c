#include "text/go_chat_template.h"

#include <utility>

#include "text/gotemplate/template.h"

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBlankLine = "\n\n";

Json message_json(const ChatMessage& message) {
  Json calls = Json::array();
  for (const ToolCall& call : message.tool_calls) {
    calls.push_back(
        {{"id", call.id},
         {"function", {{"index", calls.size()}, {"name", call.name}, {"arguments", call.arguments}}}});
  }
  return {{"role", message.role},
          {"content", message.content},
          {"thinking", message.thinking},
          {"images", Json::array()},
          {"tool_calls", std::move(calls)},
          {"tool_name", message.tool_name},
          {"tool_call_id", message.tool_call_id}};
}

std::vector<ChatMessage> merge_neighbours(const std::vector<ChatMessage>& messages) {
  std::vector<ChatMessage> merged;
  for (const ChatMessage& message : messages) {
    if (merged.empty() || merged.back().role != message.role || message.role == "tool") {
      merged.push_back(message);
      continue;
    }
    ChatMessage& last = merged.back();
    if (!message.content.empty()) {
      last.content += kBlankLine;
      last.content += message.content;
    }
    last.thinking += message.thinking;
    last.tool_calls.insert(last.tool_calls.end(), message.tool_calls.begin(), message.tool_calls.end());
  }
  return merged;
}

std::string joined_system(const std::vector<ChatMessage>& messages) {
  std::string system;
  for (const ChatMessage& message : messages) {
    if (message.role == "system") {
      system += system.empty() ? "" : kBlankLine;
      system += message.content;
    }
  }
  return system;
}

/// What every template finds; `extra` (ThinkLevel) is an object or null.
Json base_data(std::optional<bool> thinking, const Json& extra = nullptr) {
  Json data{{"System", ""},           {"Prompt", ""},
            {"Response", ""},         {"Suffix", ""},
            {"Tools", Json::array()}, {"Think", thinking.value_or(false)},
            {"ThinkLevel", ""},       {"IsThinkSet", thinking.has_value()}};
  if (extra.is_object()) {
    data.update(extra);
  }
  return data;
}

std::string completed(std::string source, const std::string& label) {
  const gotemplate::Template parsed(source, label);
  const bool complete = parsed.mentions("Messages") || parsed.mentions("Response");
  return complete ? source : source + "{{ .Response }}";
}

}  // namespace

struct GoChatTemplate::Parsed {
  Parsed(std::string text, const std::string& label)
      : source(std::move(text)), parsed(completed(source, label), label) {}

  std::string render_exchanges(const ChatTemplateInputs& inputs) const;

  std::string source;
  gotemplate::Template parsed;
};

/// For templates that know one exchange at a time.
std::string GoChatTemplate::Parsed::render_exchanges(const ChatTemplateInputs& inputs) const {
  const Json empty = base_data(inputs.enable_thinking, inputs.extra);
  Json data = empty;
  std::string prompt;
  const auto flush = [&] {
    prompt += parsed.render(data, inputs.now);
    data = empty;
  };
  const auto is_set = [&](const char* part) { return !data[part].get_ref<const std::string&>().empty(); };
  for (const ChatMessage& message : merge_neighbours(inputs.messages)) {
    if (message.role == "system") {
      if (is_set("Prompt") || is_set("Response")) {
        flush();
      }
      data["System"] = message.content;
    } else if (message.role == "user") {
      if (is_set("Response")) {
        flush();
      }
      data["Prompt"] = message.content;
    } else if (message.role == "assistant") {
      data["Response"] = message.content;
    }
  }
  return prompt + parsed.render_until(data, "Response", inputs.now);
}

GoChatTemplate::GoChatTemplate(std::string source, std::string name)
    : parsed_(std::make_shared<const Parsed>(std::move(source), name + " template")) {}

std::string GoChatTemplate::render(const ChatTemplateInputs& inputs) const {
  if (!parsed_->parsed.mentions("Messages")) {
    return parsed_->render_exchanges(inputs);
  }
  Json data = base_data(inputs.enable_thinking, inputs.extra);
  data["System"] = joined_system(inputs.messages);
  if (inputs.tools.is_array()) {
    data["Tools"] = inputs.tools;
  }
  Json& messages = data["Messages"] = Json::array();
  for (const ChatMessage& message : merge_neighbours(inputs.messages)) {
    messages.push_back(message_json(message));
  }
  return parsed_->parsed.render(data, inputs.now);
}

std::string GoChatTemplate::render(const GoPromptInputs& inputs) const {
  Json data = base_data(inputs.enable_thinking);
  data["System"] = inputs.system;
  data["Prompt"] = inputs.prompt;
  data["Response"] = inputs.response;
  data["Suffix"] = inputs.suffix;
  return parsed_->parsed.render_until(data, "Response", inputs.now);
}

const std::string& GoChatTemplate::source() const {
  return parsed_->source;
}
bool GoChatTemplate::supports_tools() const {
  return parsed_->parsed.mentions("Tools");
}
bool GoChatTemplate::supports_thinking() const {
  return parsed_->parsed.mentions("Thinking") || parsed_->parsed.mentions("Think");
}
bool GoChatTemplate::supports_suffix() const {
  return parsed_->parsed.mentions("Suffix");
}
bool GoChatTemplate::supports_system() const {
  return parsed_->parsed.mentions("System") || parsed_->parsed.mentions("Messages");
}

}  // namespace axllama::text
