#include "compiler/checkpoint_config_reader.h"

#include <fstream>
#include <iterator>
#include <utility>

namespace axllama::compiler {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

namespace {

constexpr std::size_t kMostDimension = std::size_t{1} << 24U;

}  // namespace

CheckpointConfigReader::CheckpointConfigReader(const std::filesystem::path& file) : file_(file.string()) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    throw Error(ErrorCode::kNotFound, "cannot read " + file_ + ": is the source a Hugging Face folder?");
  }
  const std::string body{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  object_ = json::parse(body, nullptr, false);
  if (!object_.is_object()) throw Error(ErrorCode::kInvalidArgument, file_ + " is not a JSON object");
}

CheckpointConfigReader::CheckpointConfigReader(json object, std::string file)
    : object_(std::move(object)), file_(std::move(file)) {}

const json* CheckpointConfigReader::find(const char* key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::size_t CheckpointConfigReader::size(const char* key) const {
  const std::size_t value = optional_size(key, 0);
  if (value == 0) fail(std::string(key) + " is missing or 0");
  return value;
}

std::size_t CheckpointConfigReader::optional_size(const char* key, std::size_t otherwise) const {
  const json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() > kMostDimension) {
    fail(std::string(key) + " is " + value->dump() + ", expected a whole number up to " +
         std::to_string(kMostDimension));
  }
  return value->get<std::size_t>();
}

double CheckpointConfigReader::number(const char* key, double otherwise) const {
  const json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_number()) fail(std::string(key) + " is " + value->dump() + ", expected a number");
  return value->get<double>();
}

bool CheckpointConfigReader::boolean(const char* key, bool otherwise) const {
  const json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) fail(std::string(key) + " is " + value->dump() + ", expected true or false");
  return value->get<bool>();
}

std::string CheckpointConfigReader::text(const char* key) const {
  const json* value = find(key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::vector<double> CheckpointConfigReader::numbers(const char* key) const {
  const json* value = find(key);
  std::vector<double> list;
  if (value == nullptr) return list;
  if (!value->is_array()) fail(std::string(key) + " is no list");
  for (const json& element : *value) {
    if (!element.is_number()) fail(std::string(key) + " holds " + element.dump() + ", expected numbers");
    list.push_back(element.get<double>());
  }
  return list;
}

std::vector<std::string> CheckpointConfigReader::texts(const char* key) const {
  const json* value = find(key);
  std::vector<std::string> list;
  if (value == nullptr) return list;
  if (!value->is_array()) fail(std::string(key) + " is no list");
  for (const json& element : *value) {
    if (!element.is_string()) fail(std::string(key) + " holds " + element.dump() + ", expected texts");
    list.push_back(element.get<std::string>());
  }
  return list;
}

bool CheckpointConfigReader::has_object(const char* key) const {
  const json* value = find(key);
  return value != nullptr && value->is_object();
}

CheckpointConfigReader CheckpointConfigReader::object(std::initializer_list<const char*> keys) const {
  for (const char* key : keys) {
    if (const json* value = find(key); value != nullptr && value->is_object()) {
      return {*value, file_ + ": " + key};
    }
  }
  return {json::object(), file_};
}

void CheckpointConfigReader::fail(const std::string& what, ErrorCode code) const {
  throw Error(code, file_ + ": " + what);
}

}  // namespace axllama::compiler
