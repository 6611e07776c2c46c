// Which subschemas exclude each other: what is written for the first must not be valid against the second.
#include "text/constraint/schema_exclusion.h"

#include <ostream>
#include <string>

#include <gtest/gtest.h>

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

bool excludes(const std::string& written, const std::string& other) {
  const Json root = {
      {"written", Json::parse(written)},
      {"other", Json::parse(other)},
      {"$defs", Json::parse(R"({"tree": {"type": "object", "properties": {"sub": {"$ref": "#/$defs/tree"}},
           "required": ["sub"]}, "word": {"type": "string"}})")}};
  const SchemaDocument document(root);
  SchemaCases cases(document);
  SchemaExclusion exclusion(cases);
  SchemaConjunction one;
  SchemaConjunction two;
  add_to_conjunction(document, root["written"], one);
  add_to_conjunction(document, root["other"], two);
  return exclusion.excludes(one, two);
}

struct Pair {
  const char* one;
  const char* two;
};

void PrintTo(const Pair& pair, std::ostream* out) {
  *out << pair.one << " and " << pair.two;
}

class Excluding : public ::testing::TestWithParam<Pair> {};

TEST_P(Excluding, BothWays) {
  EXPECT_TRUE(excludes(GetParam().one, GetParam().two));
  EXPECT_TRUE(excludes(GetParam().two, GetParam().one));
}

const Pair kExcluding[] = {
    // Types.
    {R"({"type": "string"})", R"({"type": "integer"})"},
    {R"({"type": ["string", "null"]})", R"({"type": ["array", "boolean", "number"]})"},
    {R"({"$ref": "#/$defs/word"})", R"({"type": "object"})"},
    {"false", "true"},
    // Values.
    {R"({"const": "a"})", R"({"const": "b"})"},
    {R"({"enum": ["a", 1, null]})", R"({"enum": ["b", 2, false]})"},
    {R"({"const": 1.5})", R"({"type": "integer"})"},
    {R"({"const": "long"})", R"({"type": "string", "maxLength": 3})"},
    {R"({"const": 7})", R"({"type": "number", "maximum": 6})"},
    {R"({"const": "auto"})", R"({"type": "string", "pattern": "^[0-9]+px$"})"},
    {R"({"const": "aaa"})", R"({"type": "string", "pattern": "^(a{2}){2,9}$"})"},
    {R"({"const": "ba"})", R"({"type": "string", "pattern": "^(a?){5,}$|^$"})"},
    {R"({"const": "now"})", R"({"type": "string", "format": "date-time"})"},
    {R"({"const": [1, "a"]})", R"({"type": "array", "items": {"type": "integer"}})"},
    {R"({"const": [1]})", R"({"type": "array", "minItems": 2})"},
    {R"({"const": {"a": 1}})", R"({"type": "object", "required": ["b"]})"},
    {R"({"const": {"a": 1}})",
     R"({"type": "object", "properties": {"b": true}, "additionalProperties": false})"},
    {R"({"const": {"a": 1}})", R"({"type": "object", "properties": {"a": {"type": "string"}}})"},
    // Numbers.
    {R"({"type": "integer", "maximum": 4})", R"({"type": "integer", "minimum": 5})"},
    {R"({"type": "integer", "maximum": 5})", R"({"type": "number", "exclusiveMinimum": 5})"},
    {R"({"type": "integer", "exclusiveMaximum": 6})",
     R"({"type": "integer", "exclusiveMinimum": 4.5, "minimum": 6})"},
    {R"({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})", R"({"type": "integer"})"},
    {R"({"type": "number", "maximum": -0.5})", R"({"type": "number", "minimum": -0.25})"},
    // Strings.
    {R"({"type": "string", "maxLength": 3})", R"({"type": "string", "minLength": 4})"},
    {R"({"type": "string", "pattern": "^[0-9]{5}$"})", R"({"type": "string", "pattern": "^[0-9]{9}$"})"},
    {R"({"type": "string", "format": "date"})", R"({"type": "string", "format": "date-time"})"},
    {R"({"type": "string", "format": "ipv4"})", R"({"type": "string", "format": "ipv6"})"},
    {R"({"type": "string", "format": "uuid"})", R"({"type": "string", "maxLength": 20})"},
    {R"({"type": "string", "format": "email"})", R"({"type": "string", "format": "hostname"})"},
    // Arrays.
    {R"({"type": "array", "maxItems": 1})", R"({"type": "array", "minItems": 2})"},
    {R"({"type": "array", "items": {"type": "string"}, "minItems": 1})",
     R"({"type": "array", "items": {"type": "null"}})"},
    {R"({"prefixItems": [{"const": "a"}, true], "type": "array"})",
     R"({"prefixItems": [{"const": "b"}, true], "type": "array"})"},
    {R"({"type": "array", "prefixItems": [true], "items": false, "minItems": 1})",
     R"({"type": "array", "prefixItems": [true, true], "items": false, "minItems": 2})"},
    // Objects.
    {R"({"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]})",
     R"({"type": "object", "properties": {"kind": {"const": "b"}}, "required": ["kind"]})"},
    {R"({"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}, "required": ["kind"]})",
     R"({"type": "object", "properties": {"kind": {"enum": ["c"]}, "x": true}, "required": ["x", "kind"]})"},
    {R"({"type": "object", "properties": {"A": true}, "required": ["A"]})",
     R"({"type": "object", "properties": {"B": true}, "required": ["B"]})"},
    {R"({"type": "object", "properties": {"v": {"type": "string"}}, "required": ["v"]})",
     R"({"type": "object", "properties": {"v": {"type": "array"}}, "required": ["v"]})"},
    {R"({"type": "object", "properties": {"v": {"type": "object", "properties": {"t": {"const": 1}}, "required": ["t"]}},
         "required": ["v"]})",
     R"({"type": "object", "properties": {"v": {"type": "object", "properties": {"t": {"const": 2}}, "required": ["t"]}},
         "required": ["v"]})"},
    {R"({"type": "object", "maxProperties": 1})", R"({"type": "object", "minProperties": 2})"},
    {R"({"type": "object", "properties": {"a": true}, "required": ["a"]})",
     R"({"type": "object", "additionalProperties": {"type": "null"}, "properties": {"a": false}})"},
    // Alternatives within.
    {R"({"anyOf": [{"type": "string"}, {"type": "null"}]})",
     R"({"oneOf": [{"type": "array"}, {"type": "boolean"}]})"},
    {R"({"allOf": [{"type": ["string", "null"]}, {"type": ["null", "array"]}]})", R"({"type": "string"})"},
    {R"({"type": "object", "properties": {"k": {"const": 1}}, "required": ["k"],
         "anyOf": [{"properties": {"x": true}, "required": ["x"]}, {"properties": {"y": true}, "required": ["y"]}]})",
     R"({"type": "object", "properties": {"k": {"const": 2}}, "required": ["k"]})"},
};

INSTANTIATE_TEST_SUITE_P(Pairs, Excluding, ::testing::ValuesIn(kExcluding));

class Overlapping : public ::testing::TestWithParam<Pair> {};

/// Some text of the first is valid against the second, or it cannot be told.
TEST_P(Overlapping, IsNotExcluded) {
  EXPECT_FALSE(excludes(GetParam().one, GetParam().two));
}

const Pair kOverlapping[] = {
    {R"({"type": "integer"})", R"({"type": "number"})"},
    {R"({"type": "number"})", R"({"type": "integer"})"},
    {R"({"type": "string"})", R"({"type": "string"})"},
    {R"({"type": ["string", "null"]})", R"({"type": ["integer", "null"]})"},
    {"true", R"({"type": "null"})"},
    {R"({"type": "boolean"})", R"({"enum": [true]})"},
    // Keywords about a type say nothing of other types.
    {R"({"type": "integer"})", R"({"minLength": 3})"},
    {R"({"type": "integer"})", R"({"required": ["a"]})"},
    {R"({"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]})",
     R"({"properties": {"a": {"items": {"type": "string"}}}})"},
    // Values.
    {R"({"const": 1})", R"({"const": 1.0})"},
    {R"({"const": 2.0})", R"({"type": "integer"})"},
    {R"({"const": {"a": 1, "b": [2]}})", R"({"const": {"b": [2.0], "a": 1}})"},
    {R"({"const": {"a": 1, "b": 2}})",
     R"({"allOf": [{"enum": [{"a": 1, "b": 2}]}, {"enum": [{"b": 2, "a": 1}]}]})"},
    {R"({"const": "12px"})", R"({"type": "string", "pattern": "^[0-9]+px$"})"},
    {R"({"const": "a12pxb"})", R"({"type": "string", "pattern": "[0-9]+px"})"},
    {R"({"const": "aa"})", R"({"type": "string", "pattern": "^(a?){5,}$"})"},
    {R"({"const": ""})", R"({"type": "string", "pattern": "^(a?){1000000000}$"})"},
    {R"({"const": "aaaa"})", R"({"type": "string", "pattern": "^(a|aa){2,}$"})"},
    {R"({"const": "\u00e9\u00e9\u00e9"})", R"({"type": "string", "maxLength": 3})"},
    {R"({"const": "2024-01-01"})", R"({"type": "string", "format": "date"})"},
    {R"({"const": {"a": 1, "z": 2}})", R"({"type": "object", "properties": {"a": true}})"},
    {R"({"const": [1, 2]})", R"({"type": "array", "prefixItems": [true]})"},
    // Numbers.
    {R"({"type": "integer", "maximum": 5})", R"({"type": "integer", "minimum": 5})"},
    {R"({"type": "number", "maximum": 5})", R"({"type": "number", "exclusiveMinimum": 4})"},
    {R"({"type": "number", "maximum": 5.5})", R"({"type": "number", "minimum": 5.5})"},
    {R"({"type": "integer", "maximum": 9007199254740993})",
     R"({"exclusiveMinimum": 9007199254740992, "type": "number"})"},
    // Strings.
    {R"({"type": "string", "maxLength": 3})", R"({"type": "string", "minLength": 3})"},
    {R"({"type": "string", "format": "hostname"})", R"({"type": "string", "format": "uuid"})"},
    {R"({"type": "string", "format": "somebody's own"})", R"({"type": "string", "format": "date"})"},
    // Arrays: of no items both are.
    {R"({"type": "array", "items": {"type": "string"}})", R"({"type": "array", "items": {"type": "null"}})"},
    {R"({"type": "array", "minItems": 2, "items": {"type": "null"}})",
     R"({"type": "array", "prefixItems": [{"type": "null"}]})"},
    {R"({"type": "array", "prefixItems": [{"type": "null"}, {"type": "null"}]})",
     R"({"type": "array", "unevaluatedItems": false, "allOf": [{"prefixItems": [true, true]}]})"},
    // Objects. What a schema does not name may be there unless it says otherwise.
    {R"({"type": "object", "properties": {"a": true, "b": true}, "required": ["a", "b"]})",
     R"({"type": "object", "properties": {"a": true}, "required": ["a"]})"},
    {R"({"type": "object", "properties": {"b": true}, "required": ["b"]})",
     R"({"type": "object", "properties": {"a": true}})"},
    {R"({"type": "object", "properties": {"kind": {"const": "a"}}})",
     R"({"type": "object", "properties": {"kind": {"const": "b"}}})"},
    {R"({"type": "object", "properties": {"a": true}, "required": ["a"], "additionalProperties": {"type": "null"}})",
     R"({"type": "object", "properties": {"b": true}, "required": ["b"]})"},
    {R"({"type": "object"})", R"({"type": "object", "required": ["b"]})"},
    // A property of an alternative within may be written too.
    {R"({"type": "object", "properties": {"a": true}, "anyOf": [{"properties": {"b": true}}, {"required": ["a"]}]})",
     R"({"type": "object", "required": ["b"]})"},
    {R"({"$ref": "#/$defs/tree"})", R"({"$ref": "#/$defs/tree"})"},
};

INSTANTIATE_TEST_SUITE_P(Pairs, Overlapping, ::testing::ValuesIn(kOverlapping));

TEST(SchemaExclusion, IsNotTheSameBothWays) {
  const std::string one = R"({"type": "object", "properties": {"a": true}})";
  const std::string two = R"({"type": "object", "properties": {"b": true}, "required": ["b"]})";
  EXPECT_TRUE(excludes(one, two)) << "\"b\" is never written for the first";
  EXPECT_FALSE(excludes(two, one)) << "{\"b\": 1} is valid for the first";
}

TEST(SchemaExclusion, IsNotMisledByAlternativesThatAreTooMany) {
  Json many = Json::parse(R"({"type": "object", "properties": {"a": true}})");
  for (int i = 0; i < 300; ++i) {
    const std::string name = "p" + std::to_string(i);
    many["anyOf"].push_back({{"properties", {{name, true}}}, {"required", {name}}});
  }
  EXPECT_FALSE(excludes(many.dump(), R"({"type": "object", "required": ["p7"]})"));
  EXPECT_TRUE(excludes(many.dump(), R"({"type": "string"})"));
}

}  // namespace
}  // namespace axllama::text
