#include "model/json_object.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "base/error.h"

namespace axllama::model {

using base::Error;
using base::ErrorCode;

std::optional<JsonObject> JsonObject::read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream content;
  content << in.rdbuf();
  const std::string text = std::move(content).str();
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return std::nullopt;
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() + " is not valid JSON (byte " + std::to_string(error.byte) + ").",
                error.what());
  }
  if (!json.is_object()) {
    throw Error(
        ErrorCode::kInvalidArgument,
        file.string() + " must hold a JSON object; it holds a value of type " + json.type_name() + ".");
  }
  return JsonObject(file, "", std::move(json));
}

const nlohmann::json* JsonObject::find(std::string_view key) const {
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

void JsonObject::fail(std::string_view key, const char* wanted, const std::string& found) const {
  throw Error(ErrorCode::kInvalidArgument, file_.string() + ": \"" + prefix_ + std::string(key) +
                                               "\" must be " + wanted + ", not " + found + ".");
}

void JsonObject::fail(std::string_view key, const char* wanted) const {
  fail(key, wanted, std::string("a ") + find(key)->type_name());
}

void JsonObject::refuse(std::string_view key, const char* wanted) const {
  fail(key, wanted, find(key)->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::optional<std::string> JsonObject::text(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) fail(key, "a string");
  return value->get<std::string>();
}

std::optional<double> JsonObject::number(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) fail(key, "a number");
  return value->get<double>();
}

std::optional<std::uint64_t> JsonObject::count(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_unsigned()) fail(key, "a whole number that is not negative");
  return value->get<std::uint64_t>();
}

std::optional<bool> JsonObject::flag(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) fail(key, "true or false");
  return value->get<bool>();
}

JsonObject JsonObject::object(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return {file_, prefix_ + std::string(key) + ".", nlohmann::json::object()};
  if (!value->is_object()) fail(key, "an object");
  return {file_, prefix_ + std::string(key) + ".", *value};
}

}  // namespace axllama::model
