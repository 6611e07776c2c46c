#include "api/ollama/go_template.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace axllama::api::ollama {
namespace {

using text::ChatMessage;

// Texts no template contains.
constexpr std::string_view kSystem = "qzSYSTEMqz";
constexpr std::string_view kQuestion = "qzQUESTIONqz";
constexpr std::string_view kAnswer = "qzANSWERqz";

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

/// Go templates read "{{" as an action.
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

struct Turn {
  std::string before;
  std::string after;
};

/// The text before and after `mark`, when it occurs once.
std::optional<Turn> split(std::string_view text, std::string_view mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos || text.find(mark, at + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return Turn{std::string(text.substr(0, at)), std::string(text.substr(at + mark.size()))};
}

std::string turn_text(const Turn& turn, const char* content) {
  return literal(turn.before) + "{{ " + content + " }}" + literal(turn.after);
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
  const std::string question = render(chat_template, {{"user", kQuestion}}, false);
  const std::string open = render(chat_template, {{"user", kQuestion}}, true);
  const std::string twice =
      render(chat_template, {{"user", kQuestion}, {"assistant", kAnswer}, {"user", "qz2qz"}}, false);
  const auto user = split(question, kQuestion);
  if (!user || !open.starts_with(question)) {
    return {};
  }
  // What comes between the first question and the second: the answer's turn and the next question's
  // beginning.
  const auto answer = split(twice, kAnswer);
  const auto second = split(twice, "qz2qz");
  if (!answer || !second || !answer->before.starts_with(question) || second->after != user->after) {
    return {};
  }
  const std::string opening = open.substr(question.size());
  const std::string answer_before = answer->before.substr(question.size());
  const std::string answer_and_next = second->before.substr(answer->before.size() + kAnswer.size());
  const std::size_t once_length = length_written_once(user->before, answer_and_next, user->after);
  if (once_length > user->before.size()) {
    return {};
  }
  const std::string once = user->before.substr(0, once_length);
  const std::string user_before = user->before.substr(once_length);
  const std::string answer_after = answer_and_next.substr(0, answer_and_next.size() - user_before.size());

  std::string result = literal(once);
  if (chat_template.supports_system()) {
    const auto system =
        split(render(chat_template, {{"system", kSystem}, {"user", kQuestion}}, false), kSystem);
    if (system && system->before.starts_with(once) &&
        system->after.ends_with(user_before + std::string(kQuestion) + user->after)) {
      const std::size_t rest = user_before.size() + kQuestion.size() + user->after.size();
      const Turn turn{system->before.substr(once.size()),
                      system->after.substr(0, system->after.size() - rest)};
      result += "{{ if .System }}" + turn_text(turn, ".System") + "{{ end }}";
    }
  }
  result +=
      "{{ range .Messages }}{{ if eq .Role \"user\" }}" + turn_text({user_before, user->after}, ".Content");
  result += "{{ else if eq .Role \"assistant\" }}" + turn_text({answer_before, answer_after}, ".Content");
  result += "{{ end }}{{ end }}" + literal(opening);
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
