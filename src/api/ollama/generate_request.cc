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
  const bool has_template = !fields.string("template").empty();
  const bool has_suffix = !fields.string("suffix").empty();
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
  if (raw && (!system.empty() || has_template || has_context)) {
    chat::refuse_request("raw mode does not support template, system, or context");
  }
  chat::set_thinking(request, think, parse_think_level(fields));
  if (has_suffix) {
    chat::refuse_request(request.model.full_name() + " does not support insert");
  }
  if (has_template) {
    chat::refuse_request(
        "the field \"template\" is not supported; the model's own chat template is used, or none with "
        "\"raw\": true");
  }
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
  set_messages(request, system.empty() ? request.model.package->system_prompt().value_or("") : system,
               std::move(prompt));
  return call;
}

}  // namespace axllama::api::ollama
