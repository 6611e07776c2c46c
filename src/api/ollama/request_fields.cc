#include "api/ollama/request_fields.h"

#include "api/ollama/keep_alive.h"
#include "base/error.h"

namespace axllama::api::ollama {
namespace {

constexpr int kMostTopLogprobs = 20;

void refuse_format(const JsonFields& fields) {
  const Json* format = fields.find("format");
  if (format == nullptr || (format->is_string() && format->get_ref<const std::string&>().empty())) {
    return;
  }
  if (!format->is_object() && *format != "json") {
    refuse_request("invalid format: " + to_json(*format) +
                   "; expected \"json\" or a valid JSON Schema object");
  }
  refuse_request(
      "structured output (the field \"format\") is not supported by this version; ask for JSON in the prompt "
      "and "
      "leave the field out");
}

}  // namespace

void refuse_request(const std::string& message) {
  throw base::Error(base::ErrorCode::kInvalidArgument, message);
}

std::string in_quotes(const std::string& text) {
  return to_json(Json(text));
}

void check_top_logprobs(const JsonFields& fields) {
  const std::int64_t count = fields.integer("top_logprobs").value_or(0);
  if (count < 0 || count > kMostTopLogprobs) {
    refuse_request("top_logprobs must be between 0 and 20");
  }
}

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
    refuse_request("invalid think value: " + in_quotes(level) +
                   " (must be \"high\", \"medium\", \"low\", \"max\", true, or false)");
  }
  refuse_request("the field \"think\" must be true, false or a level, not " + std::string(json_kind(*value)));
}

bool is_unload(bool has_input, const std::optional<serving::KeepAlive>& keep_alive) {
  return !has_input && keep_alive && keep_alive->duration.count() == 0;
}

void set_think(InferenceCall& call, const std::optional<bool>& asked) {
  if (!call.model.can_think()) {
    if (asked.value_or(false)) {
      refuse_request(in_quotes(call.asked_name) + " does not support thinking");
    }
    return;
  }
  call.think = asked.value_or(true);
}

void set_switches(InferenceCall& call, const JsonFields& fields) {
  call.keep_alive = parse_keep_alive_field(fields.find("keep_alive"));
  call.stream = fields.boolean("stream", true);
  call.truncate = fields.boolean("truncate", true);
  call.shift = fields.boolean("shift", true);
  call.render_only = fields.boolean("_debug_render_only", false);
  fields.object("options");
  fields.boolean("logprobs", false);
}

void set_options(InferenceCall& call, const JsonFields& fields) {
  call.options = parse_options(fields.object("options"), call.model.package->sampling_defaults());
}

void refuse_unsupported(const JsonFields& fields) {
  refuse_format(fields);
  if (fields.boolean("logprobs", false)) {
    refuse_request("log probabilities (the field \"logprobs\") are not supported by this version");
  }
}

bool has_images(const JsonFields& fields) {
  const Json* images = fields.array("images");
  return images != nullptr && !images->empty();
}

void refuse_images(const InferenceCall& call) {
  refuse_request(in_quotes(call.asked_name) + " does not support vision; send the request without images");
}

}  // namespace axllama::api::ollama
