#pragma once

#include "http/router.h"
#include "serving/service.h"
#include "store/library.h"

namespace axllama::api::ollama {

/// The release of Ollama whose protocol this is, as /api/version tells it; clients compare it with the least
/// they need.
inline constexpr const char* kOllamaVersion = "0.32.15";

/// What the dialect works with. Both must outlive the router.
struct OllamaContext {
  serving::InferenceService& service;
  const store::Library& library;
};

/// Adds Ollama's native routes: /, /api/version, /api/tags, /api/show, /api/ps, /api/generate, /api/chat.
/// Errors are
/// {"error": "sentence"}.
void add_ollama_routes(http::Router& router, const OllamaContext& context);

}  // namespace axllama::api::ollama
