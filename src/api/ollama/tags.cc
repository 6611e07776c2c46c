#include <functional>
#include <string>
#include <utility>

#include "api/json_body.h"
#include "api/ollama/state.h"
#include "base/timestamp.h"
#include "http/status.h"

namespace axllama::api::ollama {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

std::string list_models(State& state) {
  Json models = Json::array();
  for (const store::ModelRecord& record : state.library.list()) {
    const ModelCard card = state.cards.card(state.library, record);
    Json model;
    model["name"] = record.name;
    model["model"] = record.name;
    model["modified_at"] = base::format_timestamp_local(record.modified_at);
    model["size"] = record.size;
    model["digest"] = record.digest;
    model["details"] = details_json(card);
    if (!card.capabilities.empty()) {
      model["capabilities"] = card.capabilities;
    }
    models.push_back(std::move(model));
  }
  Json body;
  body["models"] = std::move(models);
  return to_json(body);
}

Awaitable<void> tags(StatePointer state, ResponseWriter& response) {
  std::string body;
  std::function<void()> list = [&] { body = list_models(*state); };
  co_await state->core->background.run(list);
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

http::Handler tags_handler(StatePointer state) {
  return [state = std::move(state)](Request& /*request*/, ResponseWriter& response) {
    return tags(state, response);
  };
}

}  // namespace axllama::api::ollama
