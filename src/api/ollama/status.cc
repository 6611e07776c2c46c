#include "http/status.h"

#include <string>
#include <utility>

#include "api/json_body.h"
#include "api/ollama/state.h"
#include "serving/service.h"

namespace axllama::api::ollama {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

/// What the card does not say is left out.
Json describe(const serving::CardStatus& card) {
  Json json;
  json["device_id"] = card.device_id;
  json["available"] = card.available;
  json["software_card"] = card.software_card;
  json["problem"] = card.problem;
  json["runtime_version"] = card.runtime_version;
  const auto add = [&json](const char* name, const auto& value) {
    if (value) json[name] = *value;
  };
  add("temperature_celsius", card.temperature_celsius);
  add("npu_percent", card.npu_percent);
  add("memory_total", card.cmm_total_bytes);
  add("memory_free", card.cmm_free_bytes);
  return json;
}

/// Ollama's `cloud`, which is never there, and beyond Ollama the cards and how many requests wait for them.
std::string status_json(const serving::InferenceService& service) {
  Json body;
  body["cloud"]["disabled"] = true;
  body["cloud"]["source"] = "env";
  body["cards"] = Json::array();
  for (const serving::CardStatus& card : service.card_statuses()) {
    body["cards"].push_back(describe(card));
  }
  body["waiting_requests"] = service.queue_length();
  return to_json(body);
}

Awaitable<void> send_status(StatePointer state, ResponseWriter& response) {
  const std::string body = status_json(state->service);
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

http::Handler status_handler(StatePointer state) {
  return [state = std::move(state)](Request& /*request*/, ResponseWriter& response) {
    return send_status(state, response);
  };
}

}  // namespace axllama::api::ollama
