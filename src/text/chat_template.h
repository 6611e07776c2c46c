#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "text/thinking_parser.h"
#include "text/tool_calls/format.h"
#include "text/tool_calls/tool_call.h"

namespace axllama::text {

/// One message of a conversation, UTF-8. Empty optional parts (thinking, tool_*) are not shown to the
/// template.
struct ChatMessage {
  std::string role = {};  // "system", "user", "assistant", "tool"; other roles reach the template unchanged
  std::string content = {};
  std::string thinking = {};  // what an assistant thought before answering; templates see `reasoning_content`
  std::vector<ToolCall> tool_calls = {};
  std::string tool_name = {};     // role "tool": whose result `content` is; templates see `name`
  std::string tool_call_id = {};  // role "tool": which call it answers
};

struct ChatTemplateInputs {
  std::vector<ChatMessage> messages = {};
  /// An array of {"type": "function", "function": {"name", "description", "parameters"}} or null.
  /// An empty array counts as null. Key order is kept.
  nlohmann::ordered_json tools = nullptr;
  /// Whether the prompt ends with the opening of an assistant turn.
  bool add_generation_prompt = true;
  /// Unset: the template's own default.
  std::optional<bool> enable_thinking = {};
  /// An object of further variables; they override every variable above. Null means none.
  nlohmann::ordered_json extra = nullptr;
  /// The local time that `strftime_now` shows; unset: the time of the call.
  std::optional<std::chrono::system_clock::time_point> now = {};
};

/// Special tokens by their variable name in templates ("bos_token", "eos_token", "pad_token", ...) with their
/// text.
using SpecialTokens = std::map<std::string, std::string>;

/// The text of a template and what is known about it before parsing.
struct ChatTemplateSource {
  std::string source = {};           // Jinja
  std::string tool_use_source = {};  // used instead when tools are given; empty: `source` serves both
  std::string name = {};  // appears in errors, "qwen3" in "qwen3 chat template, line 3, column 7: ..."
  SpecialTokens special_tokens = {};
};

/// A chat template of a model: turns a conversation into the prompt's text as Hugging Face transformers'
/// apply_chat_template does (Jinja with trim_blocks, lstrip_blocks, loop controls, `tojson`,
/// `raise_exception`, `strftime_now`). Immutable after construction and safe to use from any thread; copies
/// share the parsed template.
///
/// A template can neither end nor hang the process: depth, steps, memory and output are limited
/// (jinja/limits.h). Every failure is a base::Error (kInvalidArgument) "NAME chat template, line L, column C:
/// reason".
class ChatTemplate {
 public:
  /// Parses; throws Error on a syntax error.
  ChatTemplate(std::string source, std::string name, SpecialTokens special_tokens = {});
  explicit ChatTemplate(ChatTemplateSource source);

  /// The prompt's text, UTF-8. Throws Error when the template raises (for example for an unexpected role
  /// order).
  std::string render(const ChatTemplateInputs& inputs) const;

  const std::string& source() const;
  const std::string& name() const;

  // What the template does with its inputs, found once at construction by rendering short conversations.

  /// Offered tools appear in the prompt.
  bool supports_tools() const;
  /// How the model writes calls, found from the way the template shows them.
  const ToolCallFormat& tool_call_format() const;
  /// The template knows reasoning: it opens or forbids it, or tells it apart in earlier answers.
  bool supports_thinking() const;
  /// The tags that the template writes around thoughts; <think> and </think> where it shows none.
  const ThinkingTags& thinking_tags() const;
  /// `enable_thinking` changes the prompt.
  bool can_switch_thinking() const;
  /// A system message appears in the prompt.
  bool supports_system() const;

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;
};

/// Finds the chat template of a package folder: `chat_template.jinja` (with
/// `additional_chat_templates/tool_use.jinja`), else `chat_template.json`, else the member "chat_template" of
/// `tokenizer_config.json`: a string, or a list of named templates of which "default" and "tool_use" are
/// used. Special tokens come from `tokenizer_config.json`, and from `special_tokens_map.json` what is missing
/// there. Without any template: the ChatML default below. Throws Error naming the file when one cannot be
/// read or has the wrong form.
ChatTemplateSource find_chat_template(const std::filesystem::path& folder, std::string name);

/// The template for packages that bring none: ChatML, every message as
/// "<|im_start|>ROLE\nCONTENT<|im_end|>\n", generation prompt "<|im_start|>assistant\n"; neither tools nor
/// thinking.
const std::string& default_chat_template();

}  // namespace axllama::text
