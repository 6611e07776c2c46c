#include "model/package_config.h"

#include <algorithm>
#include <utility>

#include "model/json_object.h"

namespace axllama::model {
namespace {

std::optional<std::size_t> first_count(const JsonObject& json, const char* key, const char* other) {
  const std::optional<std::uint64_t> value = json.count(key);
  return value ? value : json.count(other);
}

std::optional<int> as_int(std::optional<std::uint64_t> value) {
  if (!value) return std::nullopt;
  return static_cast<int>(std::min<std::uint64_t>(*value, 1U << 30U));
}

/// axllm applies temperature, penalty, top-p and top-k only where they are switched on; with neither top-p
/// nor top-k it takes the likeliest token.
SamplingDefaults from_axllm(const JsonObject& json) {
  SamplingDefaults defaults;
  const auto enabled = [&](const char* key) { return json.flag(key).value_or(false); };
  if (enabled("enable_repetition_penalty")) {
    defaults.repeat_penalty = json.number("repetition_penalty");
    defaults.repeat_last_n = as_int(json.count("penalty_window"));
  }
  if (enabled("enable_top_p_sampling")) defaults.top_p = json.number("top_p");
  if (enabled("enable_top_k_sampling")) defaults.top_k = as_int(json.count("top_k"));
  if (!defaults.top_p && !defaults.top_k) {
    defaults.temperature = 0.0;
  } else if (enabled("enable_temperature")) {
    defaults.temperature = json.number("temperature");
  } else {
    defaults.temperature = 1.0;
  }
  return defaults;
}

SamplingDefaults from_hugging_face(const JsonObject& json) {
  SamplingDefaults defaults;
  defaults.repeat_penalty = json.number("repetition_penalty");
  if (json.flag("do_sample") == false) {
    defaults.temperature = 0.0;
    return defaults;
  }
  defaults.temperature = json.number("temperature");
  defaults.top_p = json.number("top_p");
  defaults.top_k = as_int(json.count("top_k"));
  return defaults;
}

Purpose read_purpose(const JsonObject& json) {
  const bool embedding = json.flag("is_embedding").value_or(false);
  const bool reranker = json.flag("is_reranker").value_or(false);
  if (embedding && reranker) json.refuse("is_reranker", "false where is_embedding is true");
  return embedding ? Purpose::kEmbedding : reranker ? Purpose::kReranking : Purpose::kText;
}

Pooling read_pooling(const JsonObject& json) {
  const std::string name = json.text("pooling").value_or("last");
  if (name != "last" && name != "mean") json.refuse("pooling", "\"last\" or \"mean\"");
  return name == "mean" ? Pooling::kMean : Pooling::kLast;
}

}  // namespace

PackageConfig read_package_config(const std::filesystem::path& folder) {
  PackageConfig config;
  config.file = folder / "config.json";
  const std::optional<JsonObject> read = JsonObject::read(config.file);
  if (!read) return config;
  const JsonObject& json = *read;
  const JsonObject own = json.object("axllama");
  config.model_name = json.text("model_name").value_or(json.text("_name_or_path").value_or(""));
  config.architecture = own.text("architecture").value_or(json.text("model_type").value_or(""));
  config.weight_type = own.text("weight_type").value_or("");
  config.parameter_count = own.count("parameter_count");
  config.context_length = own.count("context_length");
  config.layer_count = first_count(json, "axmodel_num", "num_hidden_layers");
  config.vocabulary_size = first_count(json, "tokens_embed_num", "vocab_size");
  config.hidden_size = first_count(json, "tokens_embed_size", "hidden_size");
  config.layer_template = json.text("template_filename_axmodel").value_or("");
  config.head_file = json.text("filename_post_axmodel").value_or("");
  config.embedding_file = json.text("filename_tokens_embed").value_or("");
  config.tokenizer_file = json.text("url_tokenizer_model").value_or("");
  if (auto path = json.text("post_config_path"); path && !path->empty())
    config.sampling_file = std::move(*path);
  if (auto prompt = json.text("system_prompt"); prompt && !prompt->empty())
    config.system_prompt = std::move(prompt);
  config.purpose = read_purpose(json);
  config.pooling = read_pooling(json);
  return config;
}

SamplingDefaults read_sampling_defaults(const std::filesystem::path& folder, const PackageConfig& config) {
  if (const auto json = JsonObject::read(folder / config.sampling_file)) return from_axllm(*json);
  if (const auto json = JsonObject::read(folder / "generation_config.json")) return from_hugging_face(*json);
  return {};
}

}  // namespace axllama::model
