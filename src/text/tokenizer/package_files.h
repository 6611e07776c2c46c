#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "text/tokenizer/tokenizer_data.h"

namespace axllama::text {

/// What the files beside a tokenizer say about its special tokens. Files that are missing or empty say
/// nothing.
struct PackageFiles {
  std::filesystem::path folder;
  nlohmann::json tokenizer_config;   // tokenizer_config.json
  nlohmann::json special_tokens;     // special_tokens_map.json
  nlohmann::json generation_config;  // generation_config.json
  nlohmann::json config;             // config.json: Hugging Face's or the vendor's
};

/// Reads the files in `folder`, and those of `parent` where `folder` lacks one (a tokenizer folder in a
/// package). Throws base::Error (kInvalidArgument) naming a file that is not JSON.
PackageFiles read_package_files(const std::filesystem::path& folder, const std::filesystem::path& parent);

/// The tokenizer file of a package: tokenizer.json in the folder, or in a folder below whose name contains
/// "tokenizer", or the file that config.json names as url_tokenizer_model, or one called *tokenizer.txt.
/// Throws base::Error: kNotFound when there is none, kInvalidArgument when several folders or text files
/// could be it.
std::filesystem::path find_tokenizer_file(const std::filesystem::path& package_folder);

/// Fills data.bos, data.eos, the flags of the end tokens, and, when the file has no template of its own and
/// tokenizer_config.json says add_bos_token, data.prefix. Keeps what a reader has set. Throws base::Error
/// (kInvalidArgument) for a token or an id that the vocabulary lacks.
void apply_package_files(const PackageFiles& files, TokenizerData& data);

}  // namespace axllama::text
