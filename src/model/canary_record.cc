#include "model/canary_record.h"

#include <algorithm>
#include <type_traits>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/json_file.h"
#include "model/json_object.h"

namespace axllama::model {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr int kVersion = 1;
constexpr std::size_t kMaxEntries = 4096;

/// Floats survive the way through JSON's doubles unchanged.
template <typename Value>
std::vector<Value> numbers(const nlohmann::json& json, const char* key, const fs::path& file) {
  const auto found = json.find(key);
  const auto is_number = [](const nlohmann::json& value) {
    return std::is_integral_v<Value> ? value.is_number_integer() : value.is_number();
  };
  if (found == json.end() || !found->is_array() || found->empty() || found->size() > kMaxEntries ||
      !std::all_of(found->begin(), found->end(), is_number)) {
    throw Error(ErrorCode::kInvalidArgument, file.string() + " is no canary record: \"" + key +
                                                 "\" must be a list of 1 to " + std::to_string(kMaxEntries) +
                                                 " numbers.");
  }
  return found->get<std::vector<Value>>();
}

}  // namespace

std::optional<CanaryRecord> read_canary(const fs::path& file) {
  const auto object = JsonObject::read(file);
  if (!object) return std::nullopt;
  if (object->count("version") != kVersion) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() + " is no canary record of version " + std::to_string(kVersion) + ".");
  }
  CanaryRecord record;
  record.prompt = numbers<text::TokenId>(object->json(), "prompt", file);
  record.tokens = numbers<text::TokenId>(object->json(), "tokens", file);
  record.logits = numbers<float>(object->json(), "logits", file);
  record.recorded_by = object->text("recorded_by").value_or("");
  if (record.tokens.size() != record.logits.size()) {
    throw Error(ErrorCode::kInvalidArgument, file.string() + " has " + std::to_string(record.tokens.size()) +
                                                 " tokens but " + std::to_string(record.logits.size()) +
                                                 " logits.");
  }
  return record;
}

void write_canary(const fs::path& file, const CanaryRecord& record) {
  const nlohmann::ordered_json json{{"version", kVersion},
                                    {"recorded_by", record.recorded_by},
                                    {"prompt", record.prompt},
                                    {"tokens", record.tokens},
                                    {"logits", record.logits}};
  if (!replace_json_file(file, json)) {
    throw Error(ErrorCode::kInternal, "The canary record " + file.string() + " cannot be written.");
  }
}

}  // namespace axllama::model
