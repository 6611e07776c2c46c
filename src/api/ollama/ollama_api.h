#pragma once

#include <memory>

#include "api/chat/core.h"
#include "api/model_compiler.h"
#include "http/router.h"
#include "store/transfer/transfer_options.h"

namespace axllama::api::ollama {

/// The release of Ollama whose protocol this is, as /api/version tells it; clients compare it with the least
/// they need.
inline constexpr const char* kOllamaVersion = "0.32.15";

/// What the dialect works with.
struct OllamaContext {
  std::shared_ptr<chat::Core> core;
  CompileFunction compile = {};  // unset: weights cannot be compiled
  store::TransferOptions transfer = {};
};

/// Adds Ollama's native routes. Errors are {"error": "sentence"}.
void add_ollama_routes(http::Router& router, const OllamaContext& context);

}  // namespace axllama::api::ollama
