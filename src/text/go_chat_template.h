#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "text/chat_template.h"

namespace axllama::text {

/// What a prompt is made of when there are no messages. Empty parts are empty
/// strings for the template.
struct GoPromptInputs {
  std::string system = {};
  std::string prompt = {};
  std::string suffix = {};    // what follows the place to fill in
  std::string response = {};  // what an earlier answer was, or how this one begins
  std::optional<bool> enable_thinking = {};
  std::optional<std::chrono::system_clock::time_point> now = {};
};

/// The TEMPLATE of a Modelfile: Go's text/template over .System .Prompt
/// .Response .Suffix .Messages .Tools .Think .ThinkLevel .IsThinkSet. A
/// template that names neither .Messages nor .Response gets `{{ .Response
/// }}` at its end. Immutable after construction and safe to use from any
/// thread; copies share the parsed template. Every failure is a base::Error
/// (kInvalidArgument) "NAME template, line L, column C: reason".
class GoChatTemplate {
 public:
  /// Parses; throws Error on a syntax error.
  GoChatTemplate(std::string source, std::string name);

  /// The prompt for a conversation. Neighbouring messages of one role, but for
  /// "tool", become one with a blank line between. A template without .Messages
  /// is rendered once for every exchange of user and assistant, and at the end
  /// without what follows .Response. `add_generation_prompt` is not asked: such
  /// templates decide themselves.
  std::string render(const ChatTemplateInputs& inputs) const;
  /// The prompt for a single request, without what follows .Response.
  std::string render(const GoPromptInputs& inputs) const;

  const std::string& source() const;

  bool supports_tools() const;     // names .Tools
  bool supports_thinking() const;  // names .Thinking or .Think
  bool supports_suffix() const;    // names .Suffix
  bool supports_system() const;    // names .System or .Messages

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace axllama::text
