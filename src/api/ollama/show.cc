#include <functional>
#include <string>
#include <utility>

#include "api/json_body.h"
#include "api/ollama/go_template.h"
#include "api/ollama/model_info.h"
#include "api/ollama/request_fields.h"
#include "api/ollama/state.h"
#include "base/timestamp.h"
#include "http/status.h"

namespace axllama::api::ollama {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

std::string show_model(State& state, const Request& request) {
  const Json body = parse_json_body(request.body);
  const JsonFields fields(body);
  std::string asked = fields.string("model");
  if (asked.empty()) {
    asked = fields.string("name");
  }
  const std::string asked_system = fields.string("system");
  const Json* overrides = fields.object("options");
  fields.boolean("verbose", false);
  if (asked.empty()) {
    chat::refuse_request("model is required");
  }
  const chat::OpenModel model = chat::open_model(state.library, asked);
  const model::Package& package = *model.package;
  ModelCard card = make_card(package);
  card.context_length = state.core->contexts.find(model);

  const std::string system = asked_system.empty() ? package.system_prompt().value_or("") : asked_system;
  const std::string go_template = describe_as_go_template(package.chat_template());
  const std::string parameters = parameter_lines(package, overrides);
  const std::string license = license_text(package);
  Json info = model_info(package, card.context_length.value_or(0));
  const std::string* agent = request.headers.find("User-Agent");
  if (agent != nullptr && agent->starts_with("GitHubCopilotChat/")) {
    info["general.basename"] = asked;  // the name it shows
  }

  Json reply;
  if (!license.empty()) {
    reply["license"] = license;
  }
  reply["modelfile"] = modelfile_text(model, go_template, system, parameters, license);
  if (!parameters.empty()) {
    reply["parameters"] = parameters;
  }
  reply["template"] = go_template;
  if (!system.empty()) {
    reply["system"] = system;
  }
  reply["details"] = details_json(card);
  reply["model_info"] = std::move(info);
  reply["capabilities"] = card.capabilities;
  reply["modified_at"] = base::format_timestamp_local(model.record.modified_at);
  return to_json(reply);
}

Awaitable<void> show(StatePointer state, Request& request, ResponseWriter& response) {
  std::string body;
  std::function<void()> describe = [&] { body = show_model(*state, request); };
  co_await state->core->background.run(describe);
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

http::Handler show_handler(StatePointer state) {
  return [state = std::move(state)](Request& request, ResponseWriter& response) {
    return show(state, request, response);
  };
}

}  // namespace axllama::api::ollama
