#include "text/tokenizer/package_files.h"

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "text/tokenizer/json_file.h"

namespace axllama::text {
namespace {

using base::ErrorCode;
using nlohmann::json;
namespace fs = std::filesystem;

json read_first(const fs::path& folder, const fs::path& parent, const char* name) {
  json value = read_json_object(folder / name);
  return value.empty() && parent != folder ? read_json_object(parent / name) : value;
}

/// Regular entries of `folder` that `wanted` accepts, sorted by name.
template <typename Wanted>
std::vector<fs::path> entries(const fs::path& folder, const Wanted& wanted) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (wanted(entry)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

fs::path only_one(const std::vector<fs::path>& found, const fs::path& folder) {
  if (found.size() > 1) {
    throw base::Error(ErrorCode::kInvalidArgument,
                      folder.string() + " has several tokenizers: " + found[0].filename().string() + " and " +
                          found[1].filename().string() + ".");
  }
  return found.front();
}

/// The content of a field like "eos_token": a string, or an added token written out as an object.
std::optional<std::string> token_content(const json& file, const char* key) {
  if (!file.contains(key)) return std::nullopt;
  const json& field = file.at(key);
  if (field.is_string()) return field.get<std::string>();
  if (field.is_object() && field.contains("content") && field.at("content").is_string()) {
    return field.at("content").get<std::string>();
  }
  return std::nullopt;
}

class Settings {
 public:
  Settings(const PackageFiles& files, TokenizerData& data) : files_(files), data_(data) {}

  void apply() {
    add_eos_token(files_.tokenizer_config, "tokenizer_config.json");
    add_eos_token(files_.special_tokens, "special_tokens_map.json");
    add_eos_ids(files_.generation_config, "generation_config.json");
    add_eos_ids(files_.config, "config.json");
    if (files_.config.contains("text_config") && files_.config.at("text_config").is_object()) {
      add_eos_ids(files_.config.at("text_config"), "config.json: text_config");
    }
    for (const TokenId id : data_.eos) data_.flags[static_cast<std::size_t>(id)] |= kEosToken;
    find_bos();
    const json& config = files_.tokenizer_config;
    const bool wanted = config.contains("add_bos_token") && config.at("add_bos_token") == true;
    if (wanted && data_.bos && data_.prefix.empty() && data_.suffix.empty())
      data_.prefix.push_back(*data_.bos);
  }

 private:
  TokenId id_of(const std::string& token, const char* file, const char* key) const {
    const TokenId id = data_.ids.find(token);
    if (id == kNoToken) {
      throw base::Error(ErrorCode::kInvalidArgument,
                        (files_.folder / file).string() + ": " + key + " is " + json(token).dump() +
                            ", which is not in the vocabulary of " + data_.source + ".");
    }
    return id;
  }

  TokenId checked(const json& value, const char* file, const char* key) const {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= data_.tokens.size()) {
      throw base::Error(ErrorCode::kInvalidArgument, (files_.folder / file).string() + ": " + key + " is " +
                                                         value.dump() + ", but the vocabulary of " +
                                                         data_.source + " ends at " +
                                                         std::to_string(data_.tokens.size() - 1) + ".");
    }
    return value.get<TokenId>();
  }

  void add_eos(TokenId id) {
    if (std::find(data_.eos.begin(), data_.eos.end(), id) == data_.eos.end()) data_.eos.push_back(id);
  }

  void add_eos_token(const json& file, const char* name) {
    if (const auto token = token_content(file, "eos_token")) add_eos(id_of(*token, name, "eos_token"));
  }

  void add_eos_ids(const json& file, const char* name) {
    if (!file.contains("eos_token_id") || file.at("eos_token_id").is_null()) return;
    const json& field = file.at("eos_token_id");
    if (!field.is_array()) {
      add_eos(checked(field, name, "eos_token_id"));
      return;
    }
    for (const json& id : field) add_eos(checked(id, name, "eos_token_id"));
  }

  void find_bos() {
    for (const auto& [file, name] : {std::pair(&files_.tokenizer_config, "tokenizer_config.json"),
                                     std::pair(&files_.special_tokens, "special_tokens_map.json")}) {
      if (data_.bos) return;
      if (const auto token = token_content(*file, "bos_token")) data_.bos = id_of(*token, name, "bos_token");
    }
    for (const auto& [file, name] : {std::pair(&files_.generation_config, "generation_config.json"),
                                     std::pair(&files_.config, "config.json")}) {
      // Where tokenizer_config.json is silent on purpose ("bos_token": null), so are we.
      if (data_.bos || files_.tokenizer_config.contains("bos_token")) return;
      if (file->contains("bos_token_id") && file->at("bos_token_id").is_number()) {
        data_.bos = checked(file->at("bos_token_id"), name, "bos_token_id");
      }
    }
  }

  const PackageFiles& files_;
  TokenizerData& data_;
};

}  // namespace

PackageFiles read_package_files(const fs::path& folder, const fs::path& parent) {
  return {folder, read_first(folder, parent, "tokenizer_config.json"),
          read_first(folder, parent, "special_tokens_map.json"),
          read_first(folder, parent, "generation_config.json"), read_first(folder, parent, "config.json")};
}

fs::path find_tokenizer_file(const fs::path& package_folder) {
  std::error_code error;
  if (!fs::is_directory(package_folder, error)) {
    throw base::Error(ErrorCode::kNotFound, "There is no folder " + package_folder.string() + ".");
  }
  if (fs::is_regular_file(package_folder / "tokenizer.json", error)) return package_folder / "tokenizer.json";
  const auto folders = entries(package_folder, [](const fs::directory_entry& entry) {
    std::error_code ignored;
    return entry.is_directory(ignored) &&
           entry.path().filename().string().find("tokenizer") != std::string::npos &&
           fs::is_regular_file(entry.path() / "tokenizer.json", ignored);
  });
  if (!folders.empty()) return only_one(folders, package_folder) / "tokenizer.json";
  const json config = read_json_object(package_folder / "config.json");
  if (config.contains("url_tokenizer_model") && config.at("url_tokenizer_model").is_string()) {
    const fs::path named =
        package_folder / fs::path(config.at("url_tokenizer_model").get<std::string>()).filename();
    if (fs::is_regular_file(named, error)) return named;
  }
  const auto texts = entries(package_folder, [](const fs::directory_entry& entry) {
    std::error_code ignored;
    return entry.is_regular_file(ignored) && entry.path().filename().string().ends_with("tokenizer.txt");
  });
  if (!texts.empty()) return only_one(texts, package_folder);
  throw base::Error(
      ErrorCode::kNotFound,
      package_folder.string() + " has no tokenizer: neither a tokenizer.json nor a *tokenizer.txt.");
}

void apply_package_files(const PackageFiles& files, TokenizerData& data) {
  Settings(files, data).apply();
}

}  // namespace axllama::text
