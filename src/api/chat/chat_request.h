#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/chat/generation_options.h"
#include "api/chat/open_model.h"
#include "api/json_body.h"
#include "serving/service.h"
#include "text/chat_template.h"
#include "text/constraint/constraint.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::api::chat {

/// Whether the model is to call one of the tools offered to it.
struct ToolChoice {
  enum class Kind {
    kAuto,      // as it likes
    kRequired,  // any of them
    kNamed,     // the one called `name`
  };
  Kind kind = Kind::kAuto;
  std::string name;
};

/// A request for one answer, in no client's dialect: dialects fill it, everything behind them reads it.
struct ChatRequest {
  std::string asked_name;  // the model as the client wrote it; answers repeat it
  OpenModel model;

  // The prompt: a raw text (with the tokenizer's own beginning, unless tokens stand in front), or a
  // conversation for the chat template.
  std::optional<std::string> raw_prompt;
  std::vector<text::ChatMessage> messages;
  std::vector<text::TokenId> context;  // tokens of an earlier exchange, put in front

  /// Tools on offer, as templates take them: [{"type": "function", "function": {"name", "description",
  /// "parameters"}}]; null: none.
  Json tools = nullptr;
  ToolChoice tool_choice;

  GenerationOptions options;
  std::optional<serving::KeepAlive> keep_alive;
  bool truncate = true;
  bool shift = true;
  /// Whether the model is to think; meaningless for models that cannot.
  bool think = false;
  /// How much it is to think: "low", "medium", "high"; "" where the client leaves that open. For templates
  /// that ask for `reasoning_effort`; to the others thinking is on or off.
  std::string think_level;
  /// What the answer must look like; null: anything.
  std::shared_ptr<const text::Constraint> format;
  /// The same for an answer that may begin with thoughts; null when the model does not think.
  std::shared_ptr<const text::Constraint> format_after_thoughts;
  /// Set: log probabilities of each token and of so many alternatives.
  std::optional<int> top_logprobs;
};

/// Throws Error (kInvalidArgument).
[[noreturn]] void refuse_request(const std::string& message);

/// A JSON string in quotes, as messages show names.
std::string in_quotes(const std::string& text);

/// The tokens in an array (null: none) of the field `name`. Throws Error when one is none of the model's.
std::vector<text::TokenId> parse_tokens(const Json* array, const std::string& name,
                                        const model::Package& package);

/// Throws Error (kInvalidArgument) when the model was not made to answer: `"x" does not support chat`
/// (`what`).
void require_completion(const ChatRequest& request, const char* what);

/// Sets request.think to what was asked, or to what the model does by itself, and how much it is to think
/// ("max" and above count as "high", "minimal" as "low"). Throws Error when a model that cannot think is
/// asked to.
void set_thinking(ChatRequest& request, const std::optional<bool>& asked, std::string_view level = {});

/// A level of effort as a switch: "none" is off, every other level is on. Throws Error for a word that is
/// none: `invalid reasoning value: "x" (must be ...)`.
bool parse_effort(const std::string& level);

/// Writes the prompt without a conversation, by a template of the request's or, where that is empty, by the
/// model's own. Throws Error `... does not support insert` when there is a suffix and no place for it.
void set_templated_prompt(ChatRequest& request, const std::string& own_template,
                          const text::GoPromptInputs& inputs);

/// Refuses pictures for a model that cannot see.
[[noreturn]] void refuse_images(const ChatRequest& request);

/// Puts tools before the model, after set_thinking(); a choice that is not automatic becomes the answer's
/// format. Throws Error (kInvalidArgument) `... does not support tools`, for a tool without a name, and for
/// the choice of one that is not there.
void offer_tools(ChatRequest& request, Json tools, ToolChoice choice = {});

/// `top_logprobs`, 0 where it is absent. Throws Error `top_logprobs must be between 0 and 20`.
int parse_top_logprobs(const JsonFields& fields);

/// Makes a conversation (of at least one message) what the model is to see: its own system prompt in front
/// when the client brings none, the names of tools beside their results, and none of the thoughts that some
/// models must not find in their earlier answers.
void complete_conversation(ChatRequest& request);

}  // namespace axllama::api::chat
