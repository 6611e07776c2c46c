#include "api/ollama/create_request.h"

#include <array>
#include <string_view>
#include <utility>

#include "api/chat/chat_request.h"
#include "api/chat/model_names.h"
#include "base/error.h"
#include "store/manifest.h"
#include "store/modelfile.h"

namespace axllama::api::ollama {
namespace {

std::map<std::string, store::Digest> parse_files(const JsonFields& fields, std::string_view name) {
  std::map<std::string, store::Digest> files;
  const Json* object = fields.object(name);
  if (object == nullptr) return files;
  for (const auto& [path, digest] : object->items()) {
    store::check_package_path(path);
    if (!digest.is_string()) chat::refuse_request("the file \"" + path + "\" needs a digest");
    files.emplace(path, store::Digest::require(digest.get_ref<const std::string&>()));
  }
  return files;
}

std::vector<std::string> parse_licenses(const JsonFields& fields) {
  const Json* license = fields.find("license");
  std::vector<std::string> licenses;
  if (license == nullptr) return licenses;
  for (const Json& text : license->is_array() ? *license : Json::array({*license})) {
    if (!text.is_string())
      chat::refuse_request("the field \"license\" must be a string or an array of strings");
    if (!text.get_ref<const std::string&>().empty()) licenses.push_back(text.get<std::string>());
  }
  return licenses;
}

/// A parameter as JSON has it: of its own kind, or as a string.
Json parse_parameter(const std::string& name, const Json& value) {
  if (value.is_array()) {
    Json values = Json::array();
    for (const Json& element : value) {
      const Json one = parse_parameter(name, element);
      for (const Json& part : one.is_array() ? one : Json::array({one})) values.push_back(part);
    }
    return values;
  }
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (value.is_number_float() && text.ends_with(".0")) text.resize(text.size() - 2);  // 20.0 is whole
  return store::parse_parameter(name, text);
}

Json parse_parameters(const JsonFields& fields) {
  Json parameters = Json::object();
  if (const Json* object = fields.object("parameters")) {
    for (const auto& [name, value] : object->items()) {
      if (!value.is_null()) parameters[name] = parse_parameter(name, value);
    }
  }
  return parameters;
}

/// Ollama's names of quantizations that have a counterpart here.
std::string weight_type(const JsonFields& fields) {
  std::string asked = fields.string("quantize", fields.string("quantization"));
  for (char& c : asked) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kNames{
      {{"q8_0", "s8"}, {"f16", "bf16"}, {"f32", "bf16"}, {"fp16", "bf16"}}};
  for (const auto& [name, type] : kNames) {
    if (asked == name) return std::string(type);
  }
  return asked;
}

store::ModelSettings parse_settings(const JsonFields& fields) {
  store::ModelSettings settings;
  if (fields.has("template")) settings.chat_template = fields.string("template");
  if (fields.has("system")) settings.system = fields.string("system");
  settings.licenses = parse_licenses(fields);
  settings.parameters = parse_parameters(fields);
  if (const Json* messages = fields.array("messages")) settings.messages = store::parse_messages(*messages);
  settings.renderer = fields.string("renderer");
  settings.parser = fields.string("parser");
  settings.requires_version = fields.string("requires");
  settings.draft = fields.string("draft");
  return settings;
}

void refuse_what_cannot_be(const JsonFields& fields) {
  if (const Json* adapters = fields.object("adapters"); adapters != nullptr && !adapters->empty()) {
    chat::refuse_request(
        "adapters cannot be added to a compiled model; merge the adapter into the checkpoint and compile "
        "that, "
        "or compile it in (pulsar2 llm_build2 --lora_adapter_path)");
  }
  if (const Json* drafts = fields.object("draft_files"); drafts != nullptr && !drafts->empty()) {
    chat::refuse_request(
        "a draft model is not made of files: create it as a model of its own, and name it in the field "
        "\"draft\"");
  }
  if (!fields.string("remote_host").empty()) {
    chat::refuse_request("models that run at a remote host are not supported");
  }
}

}  // namespace

CreateRequest parse_create_request(const Json& body) {
  const JsonFields fields(body);
  std::string name = fields.string("model");
  if (name.empty()) name = fields.string("name");
  CreateRequest request{.name = chat::require_model_name(name)};
  request.stream = fields.boolean("stream", true);
  refuse_what_cannot_be(fields);
  request.from = fields.string("from");
  const bool has_files = fields.object("files") != nullptr;
  request.files = parse_files(fields, "files");
  if (request.from.empty() && !has_files) {
    chat::refuse_request("neither 'from' or 'files' was specified");
  }
  if (request.from.empty() && request.files.empty()) chat::refuse_request("no files provided to convert");
  request.weight_type = weight_type(fields);
  request.settings = parse_settings(fields);
  if (const Json* info = fields.object("info")) request.info = *info;
  return request;
}

}  // namespace axllama::api::ollama
