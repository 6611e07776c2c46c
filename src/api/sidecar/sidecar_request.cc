#include "api/sidecar/sidecar_request.h"

#include <cmath>
#include <limits>

#include "api/json_body.h"
#include "base/error.h"

namespace axllama::api::sidecar {
namespace {

using json = Json;

[[noreturn]] void refuse(const std::string& sentence) {
  throw base::Error(base::ErrorCode::kInvalidArgument, sentence);
}

/// The member, or null when it is absent or null.
const json& member(const json& object, const char* name) {
  static const json kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

std::string text(const json& object, const char* name) {
  const json& value = member(object, name);
  if (value.is_null()) return {};
  if (!value.is_string()) refuse(std::string(name) + " must be a string, not " + value.dump());
  return value.get<std::string>();
}

double number(const json& object, const char* name, double otherwise, double least, double most) {
  const json& value = member(object, name);
  if (value.is_null()) return otherwise;
  if (!value.is_number()) refuse(std::string(name) + " must be a number, not " + value.dump());
  const auto result = value.get<double>();
  if (!(result >= least && result <= most)) {
    refuse(std::string(name) + " must be between " + json(least).dump() + " and " + json(most).dump() +
           ", not " + value.dump());
  }
  return result;
}

int integer(const json& object, const char* name, int otherwise, int least) {
  const double value = number(object, name, otherwise, least, std::numeric_limits<int>::max());
  if (value != std::floor(value))
    refuse(std::string(name) + " must be a whole number, not " + json(value).dump());
  return static_cast<int>(value);
}

bool boolean(const json& object, const char* name) {
  const json& value = member(object, name);
  if (value.is_null()) return false;
  if (!value.is_boolean()) refuse(std::string(name) + " must be true or false, not " + value.dump());
  return value.get<bool>();
}

}  // namespace

GenerateRequest parse_generate_request(std::string_view body) {
  constexpr double kMostTemperature = 100;
  const json object = parse_json_body(body);
  GenerateRequest request;
  request.prompt = text(object, "prompt");
  if (request.prompt.empty()) refuse("prompt must be a string that is not empty");
  request.max_tokens = integer(object, "max_tokens", request.max_tokens, 1);
  request.sampling.temperature =
      number(object, "temperature", request.sampling.temperature, 0, kMostTemperature);
  request.sampling.top_p = number(object, "top_p", request.sampling.top_p, 0, 1);
  request.sampling.top_k = integer(object, "top_k", request.sampling.top_k, 0);
  request.stream = boolean(object, "stream");
  request.request_id = text(object, "request_id");
  return request;
}

std::string parse_load_request(std::string_view body) {
  const std::string path = text(parse_json_body(body), "model_path");
  if (path.empty()) refuse("model_path must name a package folder or a model");
  return path;
}

}  // namespace axllama::api::sidecar
