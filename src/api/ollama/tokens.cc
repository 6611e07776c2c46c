#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "api/chat/chat_request.h"
#include "api/ollama/state.h"
#include "api/request_body.h"
#include "http/status.h"

namespace axllama::api::ollama {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;
using Answer = std::function<Json(const State&, const Json&)>;

chat::OpenModel open_asked(const State& state, const JsonFields& fields) {
  const std::string name = fields.string("model");
  if (name.empty()) {
    chat::refuse_request("model is required");
  }
  return chat::open_model(state.library, name);
}

/// The text may also be called what llama.cpp's server calls it.
Json tokenize(const State& state, const Json& body) {
  const JsonFields fields(body);
  const std::string text = fields.string("text", fields.string("content"));
  const bool add_special = fields.boolean("add_special", false);
  const bool parse_special = fields.boolean("parse_special", true);
  const chat::OpenModel model = open_asked(state, fields);
  const text::Tokenizer& tokenizer = model.package->tokenizer();
  std::vector<text::TokenId> tokens = tokenizer.encode(text, parse_special);
  if (add_special) {
    tokens = tokenizer.add_special_tokens(std::move(tokens));
  }
  Json reply;
  reply["model"] = fields.string("model");
  reply["tokens"] = std::move(tokens);
  return reply;
}

Json detokenize(const State& state, const Json& body) {
  const JsonFields fields(body);
  const Json* tokens = fields.array("tokens");
  const chat::OpenModel model = open_asked(state, fields);
  const std::vector<text::TokenId> ids = chat::parse_tokens(tokens, "tokens", *model.package);
  Json reply;
  reply["model"] = fields.string("model");
  reply["text"] = model.package->tokenizer().decode(ids, false);
  return reply;
}

Awaitable<void> answer(StatePointer state, Answer make, Request& request, ResponseWriter& response) {
  std::string body;
  std::function<void()> work = [&] { body = to_json(make(*state, take_json_body(request))); };
  co_await state->core->background.run(work);
  co_await response.respond(200, http::kJsonContentType, body);
}

http::Handler handler(StatePointer state, Answer make) {
  return [state = std::move(state), make = std::move(make)](Request& request, ResponseWriter& response) {
    return answer(state, make, request, response);
  };
}

}  // namespace

http::Handler tokenize_handler(StatePointer state) {
  return handler(std::move(state), &tokenize);
}

http::Handler detokenize_handler(StatePointer state) {
  return handler(std::move(state), &detokenize);
}

}  // namespace axllama::api::ollama
