#include "compiler/model_use.h"

#include <array>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace axllama::compiler {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr const char* kKnownPooling = "supported are lasttoken and mean";

/// The ways of pooling, as keys "pooling_mode_..." and as values of "pooling_mode" name them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kPoolingModes{
    {{"lasttoken", "lasttoken"},
     {"mean_tokens", "mean"},
     {"mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
     {"cls_token", "cls"},
     {"max_tokens", "max"},
     {"weightedmean_tokens", "weightedmean"}}};

json read_json(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return json::parse(stream, nullptr, false);
}

std::string text_field(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Those that a pooling module names; their vectors would stand behind each other.
std::vector<std::string> modes_of(const json& config) {
  std::vector<std::string> modes;
  if (const std::string mode = text_field(config, "pooling_mode"); !mode.empty()) modes.push_back(mode);
  for (const auto& [key, name] : kPoolingModes) {
    const auto flag = config.find("pooling_mode_" + std::string(key));
    if (flag != config.end() && *flag == true) modes.emplace_back(name);
  }
  return modes;
}

model::Pooling read_pooling(const fs::path& file) {
  const json config = read_json(file);
  if (!config.is_object()) {
    throw Error(ErrorCode::kInvalidArgument, file.string() + " is missing or holds no JSON object");
  }
  const std::vector<std::string> modes = modes_of(config);
  std::string names;
  for (const std::string& mode : modes) names += (names.empty() ? "" : " and ") + mode;
  if (modes.size() != 1) {
    throw Error(ErrorCode::kUnsupported, file.string() + ": the pooling of " +
                                             (names.empty() ? "no tokens" : names) + " is not supported; " +
                                             kKnownPooling);
  }
  if (names == "lasttoken") return model::Pooling::kLast;
  // Another length of the same vector, which is normalised.
  if (names == "mean" || names == "mean_sqrt_len_tokens") return model::Pooling::kMean;
  throw Error(ErrorCode::kUnsupported,
              file.string() + ": the pooling \"" + names + "\" is not supported" +
                  (names == "cls" ? " (the first token of a decoder sees only itself)" : "") + "; " +
                  kKnownPooling);
}

}  // namespace

ModelUse read_model_use(const fs::path& folder) {
  ModelUse use;
  const fs::path file = folder / "modules.json";
  if (!fs::exists(file)) return use;
  const json modules = read_json(file);
  if (!modules.is_array()) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() + " is not a list of sentence-transformers' modules");
  }
  for (const json& module : modules) {
    const std::string type = text_field(module, "type");
    const std::string name = type.substr(type.rfind('.') + 1);
    const fs::path path = text_field(module, "path");
    if (name == "Pooling") {
      use = {model::Purpose::kEmbedding, read_pooling(folder / path / "config.json")};
    } else if (name != "Transformer" && name != "Normalize") {
      throw Error(ErrorCode::kUnsupported, file.string() + ": the module \"" + type +
                                               "\" is not supported; supported are Transformer, Pooling and "
                                               "Normalize");
    }
  }
  return use;
}

}  // namespace axllama::compiler
