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
  switch (below(depth < kDeepest ? 18 : 8)) {
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
    case 15:
    case 16:
      return one_of(depth);
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

/// Alternatives that exclude each other, or nearly do so.
Json SchemaMaker::one_of(int depth) {
  Json schema;
  switch (below(8)) {
    case 0: {  // types
      schema["oneOf"] = {string(), maybe() ? integer() : number(), {{"type", {"boolean", "null"}}}};
      if (maybe()) schema["oneOf"].push_back(maybe() ? array(depth + 1) : object(depth + 1));
      return schema;
    }
    case 1:
      return one_of_numbers();
    case 2:
      return one_of_strings();
    case 3:
      return one_of_arrays(depth);
    case 4:
      return required_ones(depth);
    case 5:  // values, some of which two name
      return {{"oneOf",
               {{{"enum", {"one", "two", 1, {1, 2}}}},
                {{"enum", {"two", 1.0, 3, {{"a", 1}}}}},
                {{"type", "null"}}}}};
    default:
      return one_of_objects(depth);
  }
}

Json SchemaMaker::one_of_numbers() {
  const auto bound = static_cast<std::int64_t>(below(100)) - 50;
  const Json low = {{"type", maybe() ? "integer" : "number"},
                    {maybe() ? "maximum" : "exclusiveMaximum", bound}};
  const Json high = {{"type", maybe() ? "integer" : "number"},
                     {maybe() ? "minimum" : "exclusiveMinimum", bound + static_cast<std::int64_t>(below(2))}};
  return {{"oneOf", {low, high}}};
}

Json SchemaMaker::one_of_strings() {
  const std::uint32_t length = 1 + below(12);
  const Json shorter = {{"type", "string"}, {"maxLength", length}};
  const Json longer = {{"type", "string"}, {"minLength", length + below(2)}};
  const Json named = {{"enum", {"auto", "2024-02-29", "2024-02-30x", "abc", ""}}};
  switch (below(4)) {
    case 0:
      return {{"oneOf", {shorter, longer}}};
    case 1:
      return {{"oneOf", {named, {{"type", "string"}, {"pattern", kPatterns[below(kPatterns.size())]}}}}};
    case 2:
      return {{"oneOf", {named, {{"type", "string"}, {"format", kFormats[below(kFormats.size())]}}}}};
    default:
      return {{"oneOf",
               {{{"type", "string"}, {"format", kFormats[below(kFormats.size())]}},
                {{"type", "string"}, {"format", kFormats[below(kFormats.size())]}}}}};
  }
}

Json SchemaMaker::one_of_arrays(int depth) {
  const std::uint32_t least = below(3);
  Json few = {{"type", "array"}, {"items", schema(depth + 1)}, {"maxItems", least}};
  Json many = {
      {"type", "array"}, {"items", schema(depth + 1)}, {"minItems", least + below(2)}, {"maxItems", 4}};
  if (maybe())
    many = {{"type", "array"},
            {"prefixItems", {maybe() ? Json{{"type", "boolean"}} : string(), schema(depth + 1)}}};
  return {{"oneOf", {few, many}}};
}

/// Variants by the name of a property, by its type or by their kind; some leave it out.
Json SchemaMaker::one_of_objects(int depth) {
  Json schema;
  const std::uint32_t by = below(4);
  const bool always = below(4) != 0;
  for (const char* name : {"A", "B", "C"}) {
    const std::string property = by == 0 ? name : "value";
    Json variant = {{"type", "object"}};
    if (below(3) == 0) variant["properties"]["note"] = string();
    variant["properties"][property] = by != 1          ? this->schema(depth + 1)
                                      : name[0] == 'A' ? string()
                                      : name[0] == 'B' ? integer()
                                                       : array(depth + 1);
    if (by >= 2) {
      variant["properties"]["kind"] =
          maybe() ? Json{{"const", name}} : Json{{"enum", {name, std::string("x") + name}}};
      if (always || maybe()) variant["required"].push_back("kind");
    }
    if (by < 2 && (always || maybe())) variant["required"].push_back(property);
    if (maybe()) variant["additionalProperties"] = false;
    schema["oneOf"].push_back(std::move(variant));
  }
  return schema;
}

/// Exactly one of some properties.
Json SchemaMaker::required_ones(int depth) {
  Json schema = {{"type", "object"}};
  for (const char* name : {"id", "name", "key", "note"}) schema["properties"][name] = this->schema(depth + 1);
  schema["oneOf"] = {{{"required", {"id"}}}, {{"required", {"name", "key"}}}};
  if (maybe()) schema["oneOf"].push_back({{"required", {"note"}}});
  if (maybe()) schema["additionalProperties"] = maybe() ? Json(false) : integer();
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
