#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/chat_template.h"

namespace axllama::api::ollama {

// Texts no template contains.
inline constexpr std::string_view kSystemMark = "qzSYSTEMqz";
inline constexpr std::string_view kQuestionMark = "qzQUESTIONqz";
inline constexpr std::string_view kAnswerMark = "qzANSWERqz";

/// Text for a Go template, which reads "{{" as an action.
std::string literal(std::string_view text);

struct Turn {
  std::string before;
  std::string after;
};

/// The text before and after `mark`, when it occurs once.
std::optional<Turn> split(std::string_view text, std::string_view mark);

/// `turn` as a part of a Go template, with `content` as the action within.
std::string turn_text(const Turn& turn, std::string_view content);

// What a template does with tools and thoughts, as parts of a Go template; each empty when it does nothing of
// the kind or treats it in another way. `once` is what the template writes at its very beginning, `user` a
// question's turn, `opening` the beginning of an answer's turn.

/// The tools on offer, in front of the conversation together with the system prompt.
std::string describe_tools(const text::ChatTemplate& chat_template, const std::string& once,
                           const Turn& user);
/// The calls of an answer.
std::string describe_calls(const text::ChatTemplate& chat_template);
/// The turn of a tool's result. `answer_end`: what ends an answer.
std::string describe_result(const text::ChatTemplate& chat_template, const std::string& answer_end);
/// The thoughts before an answer.
std::string describe_thoughts(const text::ChatTemplate& chat_template);
/// What follows the opening when the model is not to think.
std::string describe_no_thinking(const text::ChatTemplate& chat_template, const std::string& opening);

}  // namespace axllama::api::ollama
