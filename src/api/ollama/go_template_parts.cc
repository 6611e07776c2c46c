#include "api/ollama/go_template_parts.h"

#include <utility>
#include <vector>

#include "api/json_body.h"
#include "text/jinja/template.h"

namespace axllama::api::ollama {
namespace {

constexpr std::string_view kResultMark = "qzRESULTqz";

Json probe_tool(const char* name) {
  return {{"type", "function"},
          {"function",
           {{"name", name},
            {"description", "Probes."},
            {"parameters", {{"type", "object"}, {"properties", {{"x", {{"type", "string"}}}}}}}}}};
}

text::ChatMessage message(const char* role, std::string_view content) {
  return {.role = role, .content = std::string(content)};
}

struct ToolList {
  std::string before;
  std::string between;
  std::string after;  // up to the question's turn
};

/// Where the tools stand that come before the question: each as it is, or its function alone.
std::optional<ToolList> find_tools(const text::ChatTemplate& chat_template, bool functions_only,
                                   bool with_system, const Turn& user) {
  const Json first = probe_tool("qz_first");
  const Json second = probe_tool("qz_second");
  text::ChatTemplateInputs inputs;
  if (with_system) {
    inputs.messages.push_back(message("system", kSystemMark));
  }
  inputs.messages.push_back(message("user", kQuestionMark));
  inputs.tools = Json::array({first, second});
  inputs.add_generation_prompt = false;
  const auto around_first = split(chat_template.render(inputs),
                                  text::jinja::to_json_text(functions_only ? first["function"] : first));
  if (!around_first) {
    return std::nullopt;
  }
  const auto around_second =
      split(around_first->after, text::jinja::to_json_text(functions_only ? second["function"] : second));
  const std::string question = user.before + std::string(kQuestionMark) + user.after;
  if (!around_second || !around_second->after.ends_with(question)) {
    return std::nullopt;
  }
  return ToolList{around_first->before, around_second->before,
                  around_second->after.substr(0, around_second->after.size() - question.size())};
}

/// A text that has the system prompt in it when there is one.
std::string with_or_without_system(const std::string& with, const std::string& without) {
  const auto system = split(with, kSystemMark);
  return system ? "{{ if .System }}" + turn_text(*system, ".System") + "{{ else }}" + literal(without) +
                      "{{ end }}"
                : literal(without);
}

std::string tools_text(const ToolList& list, const ToolList& with_system, bool functions_only,
                       const std::string& once) {
  std::string text =
      with_or_without_system(with_system.before.substr(once.size()), list.before.substr(once.size()));
  text += "{{ range $i, $tool := .Tools }}{{ if $i }}" + literal(list.between) + "{{ end }}{{ json ";
  text += functions_only ? "$tool.Function" : "$tool";
  return text + " }}{{ end }}" + with_or_without_system(with_system.after, list.after);
}

}  // namespace

std::string literal(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "{{") {
      result += "{{ \"{{\" }}";
      ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::optional<Turn> split(std::string_view text, std::string_view mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos || text.find(mark, at + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return Turn{std::string(text.substr(0, at)), std::string(text.substr(at + mark.size()))};
}

std::string turn_text(const Turn& turn, std::string_view content) {
  return literal(turn.before) + "{{ " + std::string(content) + " }}" + literal(turn.after);
}

std::string describe_tools(const text::ChatTemplate& chat_template, const std::string& once,
                           const Turn& user) {
  if (!chat_template.supports_tools()) {
    return {};
  }
  for (const bool functions_only : {false, true}) {
    const auto list = find_tools(chat_template, functions_only, false, user);
    const auto with_system = find_tools(chat_template, functions_only, chat_template.supports_system(), user);
    if (list && with_system && list->before.starts_with(once) && with_system->before.starts_with(once)) {
      return tools_text(*list, *with_system, functions_only, once);
    }
  }
  return {};
}

std::string describe_calls(const text::ChatTemplate& chat_template) {
  if (!chat_template.supports_tools()) {
    return {};
  }
  const text::ToolCallSpelling& spelling = chat_template.tool_call_format().spelling;
  return "{{ if .ToolCalls }}{{ range $i, $call := .ToolCalls }}{{ if $i }}" + literal(spelling.between) +
         "{{ else }}" + literal(spelling.begin) + "{{ end }}{{ $call.Function.Name }}" +
         literal(spelling.middle) + "{{ json $call.Function.Arguments }}{{ end }}" + literal(spelling.end) +
         "{{ end }}";
}

std::string describe_result(const text::ChatTemplate& chat_template, const std::string& answer_end) {
  if (!chat_template.supports_tools()) {
    return {};
  }
  const char* name = "qz_first";
  text::ChatTemplateInputs inputs;
  text::ChatMessage call = message("assistant", "");
  call.tool_calls.push_back({.id = "probe0001", .name = name});
  text::ChatMessage result = message("tool", kResultMark);
  result.tool_name = name;
  result.tool_call_id = "probe0001";
  inputs.messages = {message("user", kQuestionMark), std::move(call), std::move(result)};
  inputs.tools = Json::array({probe_tool(name)});
  inputs.add_generation_prompt = false;
  auto turn = split(chat_template.render(inputs), kResultMark);
  const std::string& end = chat_template.tool_call_format().spelling.end;
  const auto called = turn ? turn->before.rfind(name) : std::string::npos;
  const auto call_end = called == std::string::npos ? called : turn->before.find(end + answer_end, called);
  if (call_end == std::string::npos) {
    return {};
  }
  turn->before.erase(0, call_end + end.size() + answer_end.size());
  return "{{ else if eq .Role \"tool\" }}" + turn_text(*turn, ".Content");
}

std::string describe_thoughts(const text::ChatTemplate& chat_template) {
  if (!chat_template.supports_thinking()) {
    return {};
  }
  const text::ThinkingTags& tags = chat_template.thinking_tags();
  return "{{ if .Thinking }}" + literal(tags.opening) + "\n{{ .Thinking }}\n" + literal(tags.closing) +
         "\n\n{{ end }}";
}

std::string describe_no_thinking(const text::ChatTemplate& chat_template, const std::string& opening) {
  text::ChatTemplateInputs inputs;
  inputs.messages = {message("user", kQuestionMark)};
  inputs.enable_thinking = false;
  const std::string prompt = chat_template.render(inputs);
  const auto at = prompt.rfind(opening);
  if (!chat_template.can_switch_thinking() || opening.empty() || at == std::string::npos) {
    return {};
  }
  const std::string added = prompt.substr(at + opening.size());
  return added.empty() ? added : "{{ if and .IsThinkSet (not .Think) }}" + literal(added) + "{{ end }}";
}

}  // namespace axllama::api::ollama
