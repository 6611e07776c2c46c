#include "api/ollama/model_info.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "api/ollama/go_template.h"
#include "store/modelfile.h"
#include "text/chat_template.h"

namespace axllama::api::ollama {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNameColumns = 30;
constexpr std::uintmax_t kMostTextBytes = 1024 * 1024;

/// A text file of the package; empty when it is missing or unreasonably large.
std::string read_text(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error || size > kMostTextBytes) {
    return {};
  }
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// GGUF's number for the type of most weights (llama.cpp's llama_ftype).
std::optional<int> file_type(const std::string& weight_type) {
  if (weight_type == "bf16") {
    return 32;
  }
  if (weight_type == "s8") {
    return 7;
  }
  if (weight_type == "s4") {
    return 2;
  }
  return std::nullopt;
}

/// Copies a number from the package's config.json, by our compiler's key or Hugging Face's.
void copy_number(Json& info, const std::string& key, const Json& config, const char* ours,
                 const char* theirs) {
  for (const Json* source : {config.contains("axllama") ? &config["axllama"] : &config, &config}) {
    for (const char* name : {ours, theirs}) {
      const auto found = source->is_object() ? source->find(name) : source->end();
      if (source->is_object() && found != source->end() && found->is_number()) {
        info[key] = *found;
        return;
      }
    }
  }
}

Json read_config(const fs::path& folder) {
  Json config = Json::parse(read_text(folder / "config.json"), nullptr, false);
  return config.is_object() ? config : Json::object();
}

void append_parameter(std::string& lines, std::string name, const std::string& value) {
  name.resize(std::max(name.size(), kNameColumns), ' ');
  lines += (lines.empty() ? "" : "\n") + name + " " + value;
}

}  // namespace

Json model_info(const model::Package& package, std::size_t context_length) {
  const std::string& architecture = package.architecture();
  const std::string prefix = architecture + ".";
  const Json config = read_config(package.files().folder);
  Json info = Json::object();
  info["general.architecture"] = architecture;
  const std::string folder = package.files().folder.filename().string();
  info["general.basename"] = folder.substr(0, folder.find(':'));
  if (package.parameter_count() > 0) {
    info["general.parameter_count"] = package.parameter_count();
  }
  if (const auto type = file_type(package.weight_type())) {
    info["general.file_type"] = *type;
  }
  info["general.quantization_version"] = 2;
  copy_number(info, prefix + "attention.head_count", config, "head_count", "num_attention_heads");
  copy_number(info, prefix + "attention.head_count_kv", config, "head_count_kv", "num_key_value_heads");
  copy_number(info, prefix + "attention.key_length", config, "head_dim", "head_dim");
  copy_number(info, prefix + "attention.value_length", config, "head_dim", "head_dim");
  info[prefix + "block_count"] = package.layer_count();
  if (context_length > 0) {
    info[prefix + "context_length"] = context_length;
  }
  info[prefix + "embedding_length"] = package.hidden_size();
  copy_number(info, prefix + "feed_forward_length", config, "feed_forward_length", "intermediate_size");
  info[prefix + "vocab_size"] = package.vocabulary_size();
  info["tokenizer.ggml.model"] = "gpt2";
  if (const auto bos = package.tokenizer().bos()) {
    info["tokenizer.ggml.bos_token_id"] = *bos;
  }
  if (!package.tokenizer().eos().empty()) {
    info["tokenizer.ggml.eos_token_id"] = package.tokenizer().eos().front();
  }
  return info;
}

Json model_parameters(const chat::OpenModel& model, const Json* overrides) {
  Json parameters = Json::object();
  const model::Package& package = *model.package;
  const model::SamplingDefaults& defaults = package.sampling_defaults();
  const auto set = [&parameters](const char* name, const auto& value) {
    if (value) {
      parameters[name] = *value;
    }
  };
  set("repeat_last_n", defaults.repeat_last_n);
  set("repeat_penalty", defaults.repeat_penalty);
  for (const text::TokenId id : package.tokenizer().eos()) {
    parameters["stop"].push_back(std::string(package.tokenizer().token(id)));
  }
  set("temperature", defaults.temperature);
  set("top_k", defaults.top_k);
  set("top_p", defaults.top_p);
  for (const Json* layer : std::array<const Json*, 2>{&model.settings.parameters, overrides}) {
    if (layer == nullptr) {
      continue;
    }
    for (const auto& [name, value] : layer->items()) {
      parameters[name] = value;
    }
  }
  return parameters;
}

std::string parameter_lines(const Json& parameters) {
  std::string lines;
  for (const auto& [name, value] : parameters.items()) {
    if (!value.is_array()) {
      append_parameter(lines, name, store::parameter_text(value));
      continue;
    }
    for (const Json& element : value) {
      append_parameter(lines, name, store::parameter_text(element));
    }
  }
  return lines;
}

std::vector<std::string> licenses(const chat::OpenModel& model) {
  if (!model.settings.licenses.empty()) {
    return model.settings.licenses;
  }
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(model.package->files().folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with("LICENSE") || name.starts_with("LICENCE") || name.starts_with("COPYING")) {
      files.push_back(entry->path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> texts;
  for (const fs::path& file : files) {
    texts.push_back(read_text(file));
  }
  return texts;
}

store::ModelSettings shown_settings(const chat::OpenModel& model, const std::string& system,
                                    const Json* overrides) {
  store::ModelSettings settings;
  std::string text = model.own_template ? model.own_template->source()
                                        : describe_as_go_template(model.package->chat_template());
  if (!text.empty()) {
    settings.chat_template = std::move(text);
  }
  text = system.empty() ? model.system_prompt() : system;
  if (!text.empty()) {
    settings.system = std::move(text);
  }
  settings.parameters = model_parameters(model, overrides);
  settings.messages = model.settings.messages;
  settings.licenses = licenses(model);
  settings.renderer = model.settings.renderer;
  settings.parser = model.settings.parser;
  settings.requires_version = model.settings.requires_version;
  settings.draft = model.settings.draft;
  return settings;
}

std::string modelfile_text(const chat::OpenModel& model, const store::ModelSettings& settings) {
  return "# Modelfile generated by \"ollama show\"\n"
         "# To build a new Modelfile based on this, replace FROM with:\n"
         "# FROM " +
         model.record.name + "\n\n" +
         store::print_modelfile(
             {.from = {model.package->files().folder.string()}, .settings = settings, .adapters = {}});
}

}  // namespace axllama::api::ollama
