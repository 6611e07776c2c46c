#include "api/ollama/go_template.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "api/ollama/go_template_parts.h"
#include "base/error.h"

namespace axllama::api::ollama {
namespace {

using text::ChatMessage;

std::string render(const text::ChatTemplate& chat_template,
                   const std::vector<std::pair<const char*, std::string_view>>& turns, bool open) {
  text::ChatTemplateInputs inputs;
  for (const auto& [role, content] : turns) {
    ChatMessage message;
    message.role = role;
    message.content = content;
    inputs.messages.push_back(std::move(message));
  }
  inputs.add_generation_prompt = open;
  return chat_template.render(inputs);
}

/// A template may write something once, at the very beginning, such as a beginning-of-sequence token: how
/// much of what precedes the first question does not precede the second. Several answers may fit ("<s>" and
/// "</s>" end alike); the one that makes all turns end alike is the likely one. More than there is: none
/// fits.
std::size_t length_written_once(std::string_view before_first, std::string_view before_second,
                                std::string_view turn_end) {
  std::size_t found = before_first.size() + 1;
  for (std::size_t once = 0; once <= before_first.size(); ++once) {
    const std::string_view repeated = before_first.substr(once);
    if (!before_second.ends_with(repeated)) {
      continue;
    }
    if (before_second.substr(0, before_second.size() - repeated.size()) == turn_end) {
      return once;
    }
    found = std::min(found, once);
  }
  return found;
}

std::string describe(const text::ChatTemplate& chat_template) {
  const std::string question = render(chat_template, {{"user", kQuestionMark}}, false);
  const std::string open = render(chat_template, {{"user", kQuestionMark}}, true);
  const std::string twice =
      render(chat_template, {{"user", kQuestionMark}, {"assistant", kAnswerMark}, {"user", "qz2qz"}}, false);
  const auto user = split(question, kQuestionMark);
  if (!user || !open.starts_with(question)) {
    return {};
  }
  // What comes between the first question and the second: the answer's turn and the next question's
  // beginning.
  const auto answer = split(twice, kAnswerMark);
  const auto second = split(twice, "qz2qz");
  if (!answer || !second || !answer->before.starts_with(question) || second->after != user->after) {
    return {};
  }
  const std::string opening = open.substr(question.size());
  const std::string answer_before = answer->before.substr(question.size());
  const std::string answer_and_next = second->before.substr(answer->before.size() + kAnswerMark.size());
  const std::size_t once_length = length_written_once(user->before, answer_and_next, user->after);
  if (once_length > user->before.size()) {
    return {};
  }
  const std::string once = user->before.substr(0, once_length);
  const std::string user_before = user->before.substr(once_length);
  const std::string answer_after = answer_and_next.substr(0, answer_and_next.size() - user_before.size());

  std::string system_text;
  if (chat_template.supports_system()) {
    const auto system =
        split(render(chat_template, {{"system", kSystemMark}, {"user", kQuestionMark}}, false), kSystemMark);
    if (system && system->before.starts_with(once) &&
        system->after.ends_with(user_before + std::string(kQuestionMark) + user->after)) {
      const std::size_t rest = user_before.size() + kQuestionMark.size() + user->after.size();
      const Turn turn{system->before.substr(once.size()),
                      system->after.substr(0, system->after.size() - rest)};
      system_text = turn_text(turn, ".System");
    }
  }
  const std::string tools = describe_tools(chat_template, once, {user_before, user->after});
  std::string result = literal(once);
  if (!tools.empty()) {
    result += "{{ if .Tools }}" + tools + (system_text.empty() ? "" : "{{ else if .System }}" + system_text) +
              "{{ end }}";
  } else if (!system_text.empty()) {
    result += "{{ if .System }}" + system_text + "{{ end }}";
  }
  result +=
      "{{ range .Messages }}{{ if eq .Role \"user\" }}" + turn_text({user_before, user->after}, ".Content");
  result += "{{ else if eq .Role \"assistant\" }}" + literal(answer_before) +
            describe_thoughts(chat_template) + "{{ .Content }}" + describe_calls(chat_template) +
            literal(answer_after);
  result += describe_result(chat_template, answer_after) + "{{ end }}{{ end }}" + literal(opening);
  result += describe_no_thinking(chat_template, opening);
  return result;
}

}  // namespace

std::string describe_as_go_template(const text::ChatTemplate& chat_template) {
  try {
    return describe(chat_template);
  } catch (const base::Error&) {
    return {};  // a template that raises for such conversations
  }
}

}  // namespace axllama::api::ollama
