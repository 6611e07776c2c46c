#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/ollama/models.h"
#include "api/ollama/options.h"
#include "serving/service.h"
#include "text/chat_template.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::api::ollama {

/// A request to /api/generate or /api/chat, read and checked: what to do and what to say it in.
struct InferenceCall {
  enum class Action { kUnload, kLoad, kRun };
  enum class Form { kGenerate, kChat };  // of the answer's records

  Action action = Action::kRun;
  Form form = Form::kChat;
  std::string asked_name;  // as the client wrote it; the answer repeats it
  OpenModel model;

  // The prompt: a raw text, or a conversation for the chat template.
  std::optional<std::string> raw_prompt;
  std::vector<text::ChatMessage> messages;
  std::vector<text::TokenId> context;  // tokens of an earlier exchange, put in front

  Options options;
  std::optional<serving::KeepAlive> keep_alive;
  bool stream = true;
  bool truncate = true;
  bool shift = true;
  /// Whether the model is to think; meaningless for models that cannot.
  bool think = false;
  bool render_only = false;  // answer with the rendered prompt
};

}  // namespace axllama::api::ollama
