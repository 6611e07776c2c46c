#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/json_body.h"
#include "api/ollama/state.h"
#include "base/error.h"
#include "base/timestamp.h"
#include "http/status.h"

namespace axllama::api::ollama {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

Json describe(const serving::LoadedModel& loaded, bool software_card) {
  Json model;
  model["name"] = loaded.model.name;
  model["model"] = loaded.model.name;
  model["size"] = loaded.card_bytes;
  model["digest"] = "";  // see shown_digest
  ModelCard card;
  if (loaded.model.package) {
    card = make_card(*loaded.model.package);
  }
  model["details"] = details_json(card);
  model["expires_at"] = base::format_timestamp_local(loaded.expires_at);
  // The software card's memory is the machine's own.
  model["size_vram"] = software_card ? 0 : loaded.card_bytes;
  model["context_length"] = loaded.context_length;
  model["processor"] = software_card ? "CPU" : "NPU";
  if (loaded.pinned) {
    model["pinned"] = true;
  }
  if (loaded.model.draft) {
    model["draft"]["model"] = loaded.model.draft->name;
    if (!loaded.draft_problem.empty()) {
      model["draft"]["problem"] = loaded.draft_problem;
    }
  }
  if (loaded.loading) {
    model["loading"]["layers_loaded"] = loaded.layers_loaded;
    model["loading"]["layers_total"] = loaded.layers_total;
  }
  return model;
}

/// The digest that lists show for the model: models of the store are loaded by their package's.
std::string shown_digest(const store::Library& library, const serving::ModelReference& model) {
  const auto name = store::ModelName::parse(model.name);
  if (library.store() == nullptr || !name) return model.digest;
  try {
    const auto stored = library.store()->manifests().find(*name);
    return stored ? stored->digest.hex() : model.digest;
  } catch (const base::Error&) {
    return model.digest;
  }
}

std::string list_loaded(const State& state) {
  const serving::InferenceService& service = state.service;
  std::vector<serving::LoadedModel> loaded = service.loaded();
  std::sort(loaded.begin(), loaded.end(), [](const serving::LoadedModel& a, const serving::LoadedModel& b) {
    return a.expires_at != b.expires_at ? a.expires_at > b.expires_at : a.model.name < b.model.name;
  });
  const bool software_card = service.card_status().software_card;
  Json body;
  body["models"] = Json::array();
  for (const serving::LoadedModel& model : loaded) {
    Json description = describe(model, software_card);
    description["digest"] = shown_digest(state.library, model.model);
    body["models"].push_back(std::move(description));
  }
  return to_json(body);
}

Awaitable<void> ps(StatePointer state, ResponseWriter& response) {
  const std::string body = list_loaded(*state);
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

http::Handler ps_handler(StatePointer state) {
  return [state = std::move(state)](Request& /*request*/, ResponseWriter& response) {
    return ps(state, response);
  };
}

}  // namespace axllama::api::ollama
