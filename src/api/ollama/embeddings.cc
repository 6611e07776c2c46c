#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "api/chat/chat_request.h"
#include "api/chat/options_object.h"
#include "api/embedding/embed.h"
#include "api/ollama/keep_alive.h"
#include "api/ollama/request_fields.h"
#include "api/ollama/state.h"
#include "api/request_body.h"
#include "base/error.h"
#include "http/status.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::ollama {
namespace {

using embedding::EmbeddingRequest;
using embedding::EmbeddingResult;
using http::Awaitable;
using http::Request;
using http::ResponseWriter;

void set_model_and_options(EmbeddingRequest& asked, const State& state, const Json* options) {
  asked.model = embedding::open_model(state.library, asked.asked_name);
  chat::GenerationOptions all = chat::default_options(asked.model);
  if (options != nullptr) {
    chat::set_options(all, *options);
  }
  asked.num_ctx = all.num_ctx;
}

EmbeddingRequest parse_embed(const State& state, const Json& body) {
  const JsonFields fields(body);
  EmbeddingRequest asked;
  asked.asked_name = fields.string("model");
  asked.keep_alive = parse_keep_alive_field(fields.find("keep_alive"));
  asked.truncate = fields.boolean("truncate", true);
  asked.dimensions = embedding::parse_dimensions(fields);
  const Json* options = fields.object("options");
  asked.inputs = embedding::parse_texts(fields.find("input"));
  if (asked.asked_name.empty()) {
    throw base::Error(base::ErrorCode::kNotFound, "model '' not found");
  }
  set_model_and_options(asked, state, options);
  return asked;
}

/// The route of older clients, with one text; one that is too long is cut, as it was for them.
EmbeddingRequest parse_embeddings(const State& state, const Json& body) {
  const JsonFields fields(body);
  EmbeddingRequest asked;
  asked.asked_name = fields.string("model");
  asked.keep_alive = parse_keep_alive_field(fields.find("keep_alive"));
  const Json* options = fields.object("options");
  const std::string prompt = fields.string("prompt");
  if (!prompt.empty()) {
    asked.inputs.push_back({prompt, {}});
  }
  if (asked.asked_name.empty()) {
    chat::refuse_request("model is required");
  }
  set_model_and_options(asked, state, options);
  return asked;
}

std::string embed_json(const EmbeddingRequest& asked, const EmbeddingResult& result, const Request& request) {
  std::string vectors;
  for (const embedding::Vector& vector : result.vectors) {
    vectors += (vectors.empty() ? "" : ",") + embedding::to_json_array(vector);
  }
  const std::chrono::nanoseconds total = std::chrono::steady_clock::now() - request.received_at;
  std::string text = R"({"model":)" + to_json(asked.asked_name) + R"(,"embeddings":[)" + vectors + "]";
  if (!result.vectors.empty()) {
    text += R"(,"total_duration":)" + std::to_string(total.count()) + R"(,"load_duration":)" +
            std::to_string(result.load_time.count()) + R"(,"prompt_eval_count":)" +
            std::to_string(result.prompt_tokens);
  }
  return text + "}";
}

std::string embedding_json(const EmbeddingResult& result) {
  return R"({"embedding":)" +
         embedding::to_json_array(result.vectors.empty() ? embedding::Vector() : result.vectors.front()) +
         "}";
}

Awaitable<void> answer_embed(StatePointer state, Request& request, ResponseWriter& response) {
  EmbeddingRequest asked;
  std::function<void()> parse = [&] { asked = parse_embed(*state, take_json_body(request)); };
  co_await state->core->background.run(parse);
  EmbeddingResult result;
  if (is_unload(!asked.inputs.empty(), asked.keep_alive)) {
    state->service.unload(asked.model.record.package_digest);
  } else {
    co_await embedding::embed(*state->core, asked, request, result);
  }
  std::string body;
  std::function<void()> render = [&] { body = embed_json(asked, result, request); };
  co_await state->core->background.run(render);
  co_await response.respond(200, http::kJsonContentType, body);
}

/// Once the model is known, whatever is wrong has the status 500 here.
base::Error as_failure(const base::Error& error) {
  const bool is_request = error.code() == base::ErrorCode::kInvalidArgument;
  return is_request ? base::Error(base::ErrorCode::kInternal, error.message(), error.detail()) : error;
}

Awaitable<void> answer_embeddings(StatePointer state, Request& request, ResponseWriter& response) {
  EmbeddingRequest asked;
  std::function<void()> parse = [&] { asked = parse_embeddings(*state, take_json_body(request)); };
  co_await state->core->background.run(parse);
  EmbeddingResult result;
  if (is_unload(!asked.inputs.empty(), asked.keep_alive)) {
    state->service.unload(asked.model.record.package_digest);
  } else {
    try {
      co_await embedding::embed(*state->core, asked, request, result);
    } catch (const base::Error& error) {
      throw as_failure(error);
    }
  }
  const std::string body = embedding_json(result);
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

http::Handler embed_handler(StatePointer state) {
  return [state = std::move(state)](Request& request, ResponseWriter& response) {
    return answer_embed(state, request, response);
  };
}

http::Handler embeddings_handler(StatePointer state) {
  return [state = std::move(state)](Request& request, ResponseWriter& response) {
    return answer_embeddings(state, request, response);
  };
}

}  // namespace axllama::api::ollama
