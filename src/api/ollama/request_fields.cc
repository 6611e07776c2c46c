#include "api/ollama/request_fields.h"

#include "api/chat/answer_form.h"
#include "api/chat/options_object.h"
#include "api/ollama/keep_alive.h"

namespace axllama::api::ollama {
std::optional<bool> parse_think(const JsonFields& fields) {
  const Json* value = fields.find("think");
  if (value == nullptr) {
    return std::nullopt;
  }
  if (value->is_boolean()) {
    return value->get<bool>();
  }
  if (value->is_string()) {
    const auto& level = value->get_ref<const std::string&>();
    if (level == "high" || level == "medium" || level == "low" || level == "max" || level == "true") {
      return true;
    }
    if (level == "false") {
      return false;
    }
    chat::refuse_request("invalid think value: " + chat::in_quotes(level) +
                         " (must be \"high\", \"medium\", \"low\", \"max\", true, or false)");
  }
  chat::refuse_request("the field \"think\" must be true, false or a level, not " +
                       std::string(json_kind(*value)));
}

std::string parse_think_level(const JsonFields& fields) {
  const Json* value = fields.find("think");
  const bool is_level = value != nullptr && value->is_string() && *value != "true" && *value != "false";
  return is_level ? value->get<std::string>() : std::string();
}

bool is_unload(bool has_input, const std::optional<serving::KeepAlive>& keep_alive) {
  return !has_input && keep_alive && keep_alive->duration.count() == 0;
}

void set_switches(InferenceCall& call, const JsonFields& fields) {
  call.request.keep_alive = parse_keep_alive_field(fields.find("keep_alive"));
  call.stream = fields.boolean("stream", true);
  call.request.truncate = fields.boolean("truncate", true);
  call.request.shift = fields.boolean("shift", true);
  call.render_only = fields.boolean("_debug_render_only", false);
  fields.object("options");
  fields.boolean("logprobs", false);
}

void set_options(InferenceCall& call, const JsonFields& fields) {
  call.request.options = chat::default_options(call.request.model);
  if (const Json* options = fields.object("options")) {
    chat::set_options(call.request.options, *options);
  }
}

void set_output(InferenceCall& call, const JsonFields& fields) {
  chat::AnswerForm form;
  form.read_format(fields, "format");
  form.read_grammar(fields, "grammar");
  form.read_regex(fields, "regex");
  form.read_choices(fields, "choices");
  form.apply(call.request);
  if (fields.boolean("logprobs", false)) {
    call.request.top_logprobs = chat::parse_top_logprobs(fields);
  }
}

bool has_images(const JsonFields& fields) {
  const Json* images = fields.array("images");
  return images != nullptr && !images->empty();
}

}  // namespace axllama::api::ollama
