#pragma once

#include <memory>

#include "api/chat/core.h"
#include "http/router.h"

namespace axllama::api::ollama {

/// The release of Ollama whose protocol this is, as /api/version tells it; clients compare it with the least
/// they need.
inline constexpr const char* kOllamaVersion = "0.32.15";

/// What the dialect works with.
struct OllamaContext {
  std::shared_ptr<chat::Core> core;
};

/// Adds Ollama's native routes: /, /api/version, /api/tags, /api/show, /api/ps, /api/generate, /api/chat,
/// /api/tokenize, /api/detokenize, and those of accounts and the cloud as a server without them. Errors are
/// {"error": "sentence"}.
void add_ollama_routes(http::Router& router, const OllamaContext& context);

}  // namespace axllama::api::ollama
