#include <string>
#include <utility>

#include "api/ollama/records.h"
#include "api/ollama/state.h"
#include "http/status.h"

// The routes that Ollama answers from its company's servers: this server has no account and asks nobody.

namespace axllama::api::ollama {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

Awaitable<void> send(int status, std::string body, ResponseWriter& response) {
  co_await response.respond(status, http::kJsonContentType, body);
}

http::Handler always(int status, const std::string& body) {
  return
      [status, body](Request& /*request*/, ResponseWriter& response) { return send(status, body, response); };
}

std::string disabled(const std::string& what) {
  return error_json("ollama cloud is disabled: " + what + " is unavailable");
}

}  // namespace

void add_offline_routes(http::Router& router) {
  router.add("POST", "/api/me", always(401, error_json("unauthorized")));
  router.add("POST", "/api/signout", always(200, "{}"));
  router.add("DELETE", "/api/user/keys/:key", always(200, "{}"));
  router.add("POST", "/api/experimental/web_search", always(403, disabled("web search")));
  router.add("POST", "/api/experimental/web_fetch", always(403, disabled("web fetch")));
  router.add("GET", "/api/experimental/model-recommendations", always(200, R"({"recommendations":[]})"));
}

}  // namespace axllama::api::ollama
