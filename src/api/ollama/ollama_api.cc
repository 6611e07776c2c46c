#include "api/ollama/ollama_api.h"

#include <memory>
#include <string>

#include "api/json_body.h"
#include "api/ollama/state.h"
#include "http/status.h"

namespace axllama::api::ollama {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

Awaitable<void> send_root(ResponseWriter& response) {
  co_await response.respond(200, http::kTextContentType, "Ollama is running");
}

Awaitable<void> send_version(ResponseWriter& response) {
  Json body;
  body["version"] = kOllamaVersion;
  body["axllama_version"] = AXLLAMA_VERSION;
  const std::string text = to_json(body);
  co_await response.respond(200, http::kJsonContentType, text);
}

}  // namespace

http::Handler root_handler() {
  return [](Request& /*request*/, ResponseWriter& response) { return send_root(response); };
}

http::Handler version_handler() {
  return [](Request& /*request*/, ResponseWriter& response) { return send_version(response); };
}

void add_ollama_routes(http::Router& router, const OllamaContext& context) {
  const auto state = std::make_shared<State>(context.core, context.compile, context.transfer);
  for (const char* method : {"GET", "HEAD"}) {
    router.add(method, "/", root_handler());
    router.add(method, "/api/version", version_handler());
    router.add(method, "/api/tags", tags_handler(state));
  }
  router.add("GET", "/api/ps", ps_handler(state));
  router.add("GET", "/api/status", status_handler(state));
  router.add("POST", "/api/show", show_handler(state));
  router.add("POST", "/api/generate", generate_handler(state));
  router.add("POST", "/api/chat", chat_handler(state));
  router.add("POST", "/api/embed", embed_handler(state));
  router.add("POST", "/api/embeddings", embeddings_handler(state));
  router.add("POST", "/api/tokenize", tokenize_handler(state));
  router.add("POST", "/api/detokenize", detokenize_handler(state));
  add_offline_routes(router);
  add_management_routes(router, state);
}

}  // namespace axllama::api::ollama
