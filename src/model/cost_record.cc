#include "model/cost_record.h"

#include <cmath>
#include <string>

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
constexpr std::size_t kMaxChunks = 256;
constexpr double kMostSeconds = 3600;

[[noreturn]] void fail(const fs::path& file, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument, file.string() + " is no record of costs: " + why + ".");
}

double checked(double seconds, const fs::path& file) {
  if (!(seconds > 0 && seconds < kMostSeconds)) {
    fail(file, "a call cannot take " + std::to_string(seconds) + " seconds");
  }
  return seconds;
}

std::optional<double> seconds(const JsonObject& object, const char* key, const fs::path& file) {
  const std::optional<double> value = object.number(key);
  return value ? std::optional(checked(*value, file)) : std::nullopt;
}

CostRecord::Chunk chunk(const nlohmann::json& json, const fs::path& file) {
  const auto is = [&](const char* key, bool (nlohmann::json::*kind)() const) {
    const auto found = json.find(key);
    return found != json.end() && ((*found).*kind)();
  };
  if (!json.is_object() || !is("rows", &nlohmann::json::is_number_unsigned) ||
      !is("history", &nlohmann::json::is_number_unsigned) || !is("seconds", &nlohmann::json::is_number) ||
      !is("full", &nlohmann::json::is_boolean)) {
    fail(file, "a chunk has no rows, history, seconds and full");
  }
  return {json["rows"].get<std::size_t>(), json["history"].get<std::size_t>(),
          checked(json["seconds"].get<double>(), file), json["full"].get<bool>()};
}

}  // namespace

std::optional<CostRecord> read_costs(const fs::path& file) {
  const auto object = JsonObject::read(file);
  if (!object) return std::nullopt;
  if (object->count("version") != kVersion) fail(file, "its version is not " + std::to_string(kVersion));
  CostRecord record;
  record.card = object->text("card").value_or("");
  record.decode_step = seconds(*object, "decode_step", file);
  record.copy = seconds(*object, "copy", file);
  record.byte = seconds(*object, "byte", file);
  const auto chunks = object->json().find("chunks");
  if (chunks == object->json().end() || !chunks->is_array() || chunks->size() > kMaxChunks) {
    fail(file, "\"chunks\" must be a list of at most " + std::to_string(kMaxChunks) + " chunks");
  }
  for (const nlohmann::json& entry : *chunks) record.chunks.push_back(chunk(entry, file));
  return record;
}

void write_costs(const fs::path& file, const CostRecord& record) {
  nlohmann::ordered_json json{{"version", kVersion}, {"card", record.card}};
  const auto add = [&json](const char* key, const std::optional<double>& value) {
    if (value) json[key] = *value;
  };
  add("decode_step", record.decode_step);
  add("copy", record.copy);
  add("byte", record.byte);
  json["chunks"] = nlohmann::ordered_json::array();
  for (const CostRecord::Chunk& chunk : record.chunks) {
    json["chunks"].push_back(
        {{"rows", chunk.rows}, {"history", chunk.history}, {"seconds", chunk.seconds}, {"full", chunk.full}});
  }
  if (!replace_json_file(file, json)) {
    throw Error(ErrorCode::kInternal, "The record of costs " + file.string() + " cannot be written.");
  }
}

}  // namespace axllama::model
