#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "model/package.h"

namespace axllama::model {

/// What config.json says about a package, all of it optional: vendors ship axllm's keys, Hugging Face's, or
/// an empty file.
struct PackageConfig {
  std::filesystem::path file;                      // where it was read, for errors
  std::string model_name;                          // model_name, or _name_or_path
  std::string architecture;                        // axllama.architecture, model_type
  std::string weight_type;                         // axllama.weight_type
  std::optional<std::uint64_t> parameter_count;    // axllama.parameter_count
  std::optional<std::size_t> context_length;       // axllama.context_length
  std::optional<std::size_t> layer_count;          // axmodel_num, num_hidden_layers
  std::optional<std::size_t> vocabulary_size;      // tokens_embed_num, vocab_size
  std::optional<std::size_t> hidden_size;          // tokens_embed_size, hidden_size
  std::string layer_template;                      // template_filename_axmodel, with %d
  std::string head_file;                           // filename_post_axmodel
  std::string embedding_file;                      // filename_tokens_embed
  std::string tokenizer_file;                      // url_tokenizer_model, where it is a file name
  std::string sampling_file = "post_config.json";  // post_config_path
  std::optional<std::string> system_prompt;
  Purpose purpose = Purpose::kText;  // is_embedding, is_reranker
  Pooling pooling = Pooling::kLast;  // pooling: "last" or "mean"
};

/// Reads FOLDER/config.json. A missing or empty file gives an empty configuration; anything else that is not
/// a JSON object, or a key of the wrong kind, throws Error (kInvalidArgument) naming file and key.
PackageConfig read_package_config(const std::filesystem::path& folder);

/// Sampling defaults: axllm's post_config.json where there is one, else Hugging Face's
/// generation_config.json. Same errors.
SamplingDefaults read_sampling_defaults(const std::filesystem::path& folder, const PackageConfig& config);

}  // namespace axllama::model
