#include "api/ollama/request_fields.h"
#include "base/error.h"

namespace axllama::api::ollama {
namespace {

chat::OpenModel open_asked(const store::Library& library, const std::string& name) {
  if (name.empty()) {
    throw base::Error(base::ErrorCode::kNotFound, "model '' not found");
  }
  return chat::open_model(library, name);
}

void set_messages(chat::ChatRequest& request, const std::string& system, std::string prompt) {
  if (!system.empty()) {
    request.messages.push_back({"system", system});
  }
  if (request.context.empty()) {
    for (const store::PresetMessage& message : request.model.settings.messages) {
      request.messages.push_back({message.role, message.content});
    }
  }
  request.messages.push_back({"user", std::move(prompt)});
}

}  // namespace

InferenceCall parse_generate_request(const Json& body, const store::Library& library) {
  const JsonFields fields(body);
  InferenceCall call;
  call.form = InferenceCall::Form::kGenerate;
  chat::ChatRequest& request = call.request;
  request.asked_name = fields.string("model");
  set_switches(call, fields);
  std::string prompt = fields.string("prompt");
  const std::string system = fields.string("system");
  const std::string own_template = fields.string("template");
  const std::string suffix = fields.string("suffix");
  const bool raw = fields.boolean("raw", false);
  const bool images = has_images(fields);
  const Json* context = fields.array("context");
  const bool has_context = context != nullptr && !context->empty();
  const std::optional<bool> think = parse_think(fields);
  chat::parse_top_logprobs(fields);  // checked before the model is looked at

  request.model = open_asked(library, request.asked_name);
  if (is_unload(!prompt.empty(), request.keep_alive)) {
    call.action = InferenceCall::Action::kUnload;
    return call;
  }
  if (raw && (!system.empty() || !own_template.empty() || has_context)) {
    chat::refuse_request("raw mode does not support template, system, or context");
  }
  chat::require_completion(request, "generate");
  chat::set_thinking(request, think, parse_think_level(fields));
  if (images) {
    chat::refuse_images(request);
  }
  set_output(call, fields);
  set_options(call, fields);
  if (prompt.empty()) {
    call.action = InferenceCall::Action::kLoad;
    return call;
  }
  if (raw) {
    request.think = false;  // the client reads the model's text as it is
    request.raw_prompt = std::move(prompt);
    return call;
  }
  request.context = chat::parse_tokens(context, "context", *request.model.package);
  const std::string shown_system = system.empty() ? request.model.system_prompt() : system;
  if (!own_template.empty() || !suffix.empty()) {
    chat::set_templated_prompt(request, own_template,
                               {.system = shown_system, .prompt = std::move(prompt), .suffix = suffix});
    return call;
  }
  set_messages(request, shown_system, std::move(prompt));
  return call;
}

}  // namespace axllama::api::ollama
