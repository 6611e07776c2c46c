#pragma once

#include "api/chat/chat_request.h"

namespace axllama::api::ollama {

/// A request to /api/generate or /api/chat, read and checked: what to do and what to say it in.
struct InferenceCall {
  enum class Action { kUnload, kLoad, kRun };
  enum class Form { kGenerate, kChat };  // of the answer's records

  Action action = Action::kRun;
  Form form = Form::kChat;
  chat::ChatRequest request;
  bool stream = true;
  bool render_only = false;  // answer with the rendered prompt
};

}  // namespace axllama::api::ollama
