#include "store/transfer/catalogue.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/durable_file.h"
#include "store/json.h"

namespace axllama::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uintmax_t kMostCatalogueBytes = 1024 * 1024;

/// Packages of the card's vendor for the text models it publishes, under the names Ollama's library has for
/// them. 8-bit weights unless the name says otherwise.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kBuiltIn{
    {{"qwen3:0.6b", "AXERA-TECH/Qwen3-0.6B"},
     {"qwen3:1.7b", "AXERA-TECH/Qwen3-1.7B"},
     {"qwen3:4b", "AXERA-TECH/Qwen3-4B"},
     {"qwen3:latest", "AXERA-TECH/Qwen3-4B"},
     {"qwen3:1.7b-int4", "AXERA-TECH/Qwen3-1.7B-GPTQ-Int4"},
     {"qwen3:4b-int4", "AXERA-TECH/Qwen3-4B-GPTQ-Int4"},
     {"qwen2.5:0.5b", "AXERA-TECH/Qwen2.5-0.5B-Instruct-CTX-Int8"},
     {"qwen2.5:1.5b", "AXERA-TECH/Qwen2.5-1.5B-Instruct-CTX-Int8"},
     {"qwen2.5:7b", "AXERA-TECH/Qwen2.5-7B-Instruct"},
     {"deepseek-r1:1.5b", "AXERA-TECH/DeepSeek-R1-Distill-Qwen-1.5B"},
     {"deepseek-r1:7b", "AXERA-TECH/DeepSeek-R1-Distill-Qwen-7B-GPTQ-Int4"}}};

std::optional<PackageSource> find_own(const ModelName& name, const std::filesystem::path& own) {
  std::error_code error;
  if (own.empty() || !std::filesystem::exists(own, error)) return std::nullopt;
  const Json entries = Json::parse(read_file(own, kMostCatalogueBytes), nullptr, false);
  if (!entries.is_object()) {
    throw Error(ErrorCode::kInvalidArgument, "the catalogue " + own.string() + " is not a JSON object");
  }
  for (const auto& [key, value] : entries.items()) {
    const auto entry = ModelName::parse(key);
    if (!entry || !value.is_string()) {
      throw Error(ErrorCode::kInvalidArgument, "the entry \"" + key + "\" of the catalogue " + own.string() +
                                                   " is not a model's name and a repository");
    }
    if (entry->same_as(name)) return parse_package_source(value.get<std::string>());
  }
  return std::nullopt;
}

}  // namespace

PackageSource parse_package_source(const std::string& text) {
  const auto first = text.find('/');
  const auto second = first == std::string::npos ? first : text.find('/', first + 1);
  std::string repository = text.substr(0, second);
  PackageSource source;
  if (second != std::string::npos) source.folder = text.substr(second + 1);
  if (const auto colon = repository.find(':'); colon != std::string::npos) {
    source.revision = repository.substr(colon + 1);
    repository.resize(colon);
  }
  source.repository = repository;
  if (first == std::string::npos || first == 0 || first + 1 >= repository.size() || source.revision.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "\"" + text + "\" is not a repository as OWNER/REPO[:REVISION][/FOLDER]");
  }
  return source;
}

std::optional<PackageSource> find_in_catalogue(const ModelName& name, const std::filesystem::path& own) {
  if (auto source = find_own(name, own)) return source;
  const std::string text = name.short_text();
  const auto entry = std::find_if(kBuiltIn.begin(), kBuiltIn.end(), [&text](const auto& known) {
    return equal_ignoring_case(known.first, text);
  });
  if (entry == kBuiltIn.end()) return std::nullopt;
  return parse_package_source(std::string(entry->second));
}

}  // namespace axllama::store
