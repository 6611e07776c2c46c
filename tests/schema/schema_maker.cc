#include "tests/schema/schema_maker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace axllama::testing {
namespace {

using Json = SchemaMaker::Json;

constexpr int kDeepest = 3;

constexpr std::array<const char*, 12> kPatterns = {"^[a-z]{2,8}$",
                                                   "^\\d{3}-\\d{4}$",
                                                   "^(red|green|blue)( (light|dark))?$",
                                                   "[0-9]$",
                                                   "^#[0-9a-fA-F]{6}$",
                                                   "^\\S+@\\S+$",
                                                   "a.c|^\\u00e9+$",
                                                   "^[^\\s\"]{1,5}$",
                                                   "^\"(\\\\.|[^\"\\\\]){0,4}\"$",
                                                   "^(?:x\\ty?){1,3}$",
                                                   "^[\\u4e00-\\u4eff]+$",
                                                   "^\\w+(-\\w+)*$"};
constexpr std::array<const char*, 16> kFormats = {
    "date",  "time", "date-time", "duration",      "uuid",         "ipv4", "ipv6",     "hostname",
    "email", "uri",  "url",       "uri-reference", "json-pointer", "byte", "iso-time", "iso-date-time"};
constexpr std::array<const char*, 10> kNames = {
    "id", "name", "na", "a b", "q\"uote", "\u00e9t\u00e9", "x/y", "back\\slash", "", "items"};

}  // namespace

Json SchemaMaker::make() {
  Json root = below(5) == 0 ? schema(0) : object(0);
  root["$defs"]["leaf"] = schema(kDeepest);
  root["$defs"]["tree"] = Json::parse(R"({"type": "object", "properties": {"leaf": {"$ref": "#/$defs/leaf"},
      "kids": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2}}, "required": ["leaf"],
      "additionalProperties": false})");
  return root;
}

Json SchemaMaker::schema(int depth) {
  switch (below(depth < kDeepest ? 16 : 8)) {
    case 0:
    case 1:
      return string();
    case 2:
      return integer();
    case 3:
      return number();
    case 4:
      return {{"type", "boolean"}};
    case 5:
      return values();
    case 6:
      return maybe() ? Json{{"type", "integer"}, {"nullable", true}} : Json{{"type", {"string", "null"}}};
    case 7:
      return below(4) == 0 ? Json(Json::object()) : string();
    case 8:
    case 9:
      return array(depth);
    case 10:
    case 11:
      return object(depth);
    case 12:
      return alternatives(depth);
    case 13:
      return kinds();
    case 14:
      return combination(depth);
    default:
      return {{"$ref", maybe() ? "#/$defs/leaf" : "#/$defs/tree"}};
  }
}

Json SchemaMaker::string() {
  Json schema = {{"type", "string"}};
  switch (below(4)) {
    case 0:
      break;
    case 1: {
      const std::uint32_t least = below(6);
      if (maybe()) schema["minLength"] = least;
      if (maybe()) schema["maxLength"] = least + below(20);
      break;
    }
    case 2:
      schema["pattern"] = kPatterns[below(kPatterns.size())];
      break;
    default:
      schema["format"] = kFormats[below(kFormats.size())];
      break;
  }
  return schema;
}

Json SchemaMaker::integer() {
  Json schema = {{"type", "integer"}};
  const auto size = static_cast<std::int64_t>(std::pow(10, below(10)));
  const std::int64_t low = static_cast<std::int64_t>(below(1'000'000)) % size * (maybe() ? 1 : -1);
  if (maybe()) schema[maybe() ? "minimum" : "exclusiveMinimum"] = low;
  if (maybe())
    schema[maybe() ? "maximum" : "exclusiveMaximum"] = low + 2 + static_cast<std::int64_t>(below(5'000));
  return schema;
}

Json SchemaMaker::number() {
  Json schema = {{"type", "number"}};
  const double low = (static_cast<double>(below(2'000)) - 1000.0) / (maybe() ? 1.0 : 128.0);
  const double range = static_cast<double>(1 + below(4'000)) / (maybe() ? 1.0 : 1024.0);
  if (maybe()) schema[maybe() ? "minimum" : "exclusiveMinimum"] = low;
  if (maybe()) schema[maybe() ? "maximum" : "exclusiveMaximum"] = low + range;
  return schema;
}

Json SchemaMaker::array(int depth) {
  Json schema = {{"type", "array"}};
  const std::uint32_t least = below(3);
  if (below(4) == 0) {
    for (std::uint32_t n = 1 + below(3); n > 0; --n) schema["prefixItems"].push_back(this->schema(depth + 1));
    if (maybe()) schema["items"] = maybe() ? Json(false) : this->schema(depth + 1);
    return schema;
  }
  if (below(8) != 0) schema["items"] = this->schema(depth + 1);
  if (maybe()) schema["minItems"] = least;
  schema["maxItems"] = least + below(4);
  return schema;
}

Json SchemaMaker::object(int depth) {
  Json schema = {{"type", "object"}};
  std::vector<std::string> names(kNames.begin(), kNames.end());
  std::shuffle(names.begin(), names.end(), random_);
  names.resize(below(6));
  for (const std::string& name : names) {
    schema["properties"][name] = this->schema(depth + 1);
    if (maybe()) schema["required"].push_back(name);
  }
  switch (below(4)) {
    case 0:
      schema["additionalProperties"] = false;
      break;
    case 1:
      schema["additionalProperties"] = this->schema(kDeepest);
      break;
    default:
      break;
  }
  const std::uint32_t required =
      schema.contains("required") ? static_cast<std::uint32_t>(schema["required"].size()) : 0;
  if (below(4) == 0) schema["maxProperties"] = required + 1;
  if (below(4) == 0 && names.size() > required) schema["minProperties"] = required + 1;
  if (names.empty() && maybe()) {
    schema["additionalProperties"] = integer();
    schema["propertyNames"] = {{"pattern", "^[a-z_]+$"}};
  }
  return schema;
}

Json SchemaMaker::alternatives(int depth) {
  Json schema;
  for (std::uint32_t n = 1 + below(3); n > 0; --n) schema["anyOf"].push_back(this->schema(depth + 1));
  return schema;
}

/// Objects told apart by a property, as unions are described.
Json SchemaMaker::kinds() {
  Json schema;
  for (const char* kind : {"cat", "dog", "cow"}) {
    schema["oneOf"].push_back(
        {{"type", "object"},
         {"properties", {{"kind", {{"const", kind}}}, {"value", this->schema(kDeepest)}}},
         {"required", {"kind"}}});
  }
  return schema;
}

Json SchemaMaker::values() {
  if (below(3) == 0) return {{"const", maybe() ? Json("\"quoted\"\n") : Json({{"deep", {1, nullptr, "x"}}})}};
  return {{"enum", {"one", "on", "\u00fcber", 1, 10, 2.5, nullptr, true, {1, 2}}}};
}

/// Conditions on one value from several places.
Json SchemaMaker::combination(int depth) {
  Json schema = object(depth);
  schema.erase("additionalProperties");
  schema.erase("propertyNames");
  schema.erase("maxProperties");
  schema["allOf"] = {{{"properties", {{"extra", string()}}}, {"required", {"extra"}}},
                     {{"anyOf",
                       {{{"properties", {{"left", integer()}}}, {"required", {"left"}}},
                        {{"properties", {{"right", {{"type", "null"}}}}}, {"required", {"right"}}}}}}};
  return schema;
}

}  // namespace axllama::testing
