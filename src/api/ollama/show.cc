#include <functional>
#include <string>
#include <utility>

#include "api/json_body.h"
#include "api/ollama/model_info.h"
#include "api/ollama/request_fields.h"
#include "api/ollama/state.h"
#include "api/ollama/tensor_list.h"
#include "api/request_body.h"
#include "base/timestamp.h"
#include "http/status.h"

namespace axllama::api::ollama {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

/// "qwen3" of "team/qwen3:4b".
std::string base_name(const store::ModelRecord& record) {
  const auto name = store::ModelName::parse(record.name);
  return name ? name->model : record.name.substr(0, record.name.find(':'));
}

std::string show_model(State& state, Request& request) {
  const Json body = take_json_body(request);
  const JsonFields fields(body);
  std::string asked = fields.string("model");
  if (asked.empty()) {
    asked = fields.string("name");
  }
  const std::string asked_system = fields.string("system");
  const Json* overrides = fields.object("options");
  const bool verbose = fields.boolean("verbose", false);
  if (asked.empty()) {
    chat::refuse_request("model is required");
  }
  const chat::OpenModel model = chat::open_model(state.library, asked);
  const model::Package& package = *model.package;
  ModelCard card = make_card(package);
  card.context_length = state.core->contexts.find(model);

  const store::ModelSettings settings = shown_settings(model, asked_system, overrides);
  const std::string system = settings.system.value_or("");
  const std::string go_template = settings.chat_template.value_or("");
  const std::string parameters = parameter_lines(settings.parameters);
  std::string license;
  for (const std::string& text : settings.licenses) license += (license.empty() ? "" : "\n") + text;
  if (model.own_template) set_template_capabilities(card, *model.own_template);
  Json info = model_info(package, card.context_length.value_or(0));
  info["general.basename"] = base_name(model.record);
  const std::string* agent = request.headers.find("User-Agent");
  if (agent != nullptr && agent->starts_with("GitHubCopilotChat/")) {
    info["general.basename"] = asked;  // the name it shows
  }

  Json reply;
  if (!license.empty()) {
    reply["license"] = license;
  }
  reply["modelfile"] = modelfile_text(model, settings);
  if (!parameters.empty()) {
    reply["parameters"] = parameters;
  }
  reply["template"] = go_template;
  if (!system.empty()) {
    reply["system"] = system;
  }
  for (const store::PresetMessage& message : settings.messages) {
    Json element;
    element["role"] = message.role;
    element["content"] = message.content;
    reply["messages"].push_back(std::move(element));
  }
  if (!settings.renderer.empty()) reply["renderer"] = settings.renderer;
  if (!settings.parser.empty()) reply["parser"] = settings.parser;
  if (!settings.requires_version.empty()) reply["requires"] = settings.requires_version;
  if (!settings.draft.empty()) reply["draft"] = settings.draft;
  reply["details"] = details_json(card);
  reply["model_info"] = std::move(info);
  if (verbose) reply["tensors"] = tensor_list(package);
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
