// What schemas allow and refuse. Each refused text says with "^" where it goes wrong.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/constraint/compile.h"
#include "text/constraint/testing/walk.h"

namespace axllama::text {
namespace {

using testing::accepts;
using testing::read_bytes;
using testing::tiny_tokenizer;
using Json = nlohmann::ordered_json;

struct Case {
  const char* name;
  const char* schema;
  std::vector<std::string> allowed;
  std::vector<std::string> refused;  // with "^" before the first byte that cannot follow, or at the end
};

void PrintTo(const Case& test, std::ostream* out) {
  *out << test.schema;
}

class JsonSchema : public ::testing::TestWithParam<Case> {};

TEST_P(JsonSchema, AllowsWhatIsValidAndRefusesTheRest) {
  const auto constraint = compile_json_schema(Json::parse(GetParam().schema), tiny_tokenizer());
  for (const std::string& text : GetParam().allowed) {
    const testing::Reading reading = read_bytes(*constraint, text);
    EXPECT_EQ(reading.accepted, text.size()) << text;
    EXPECT_TRUE(reading.complete) << text;
  }
  for (std::string text : GetParam().refused) {
    const std::size_t mark = text.find('^');
    text.erase(mark, 1);
    const testing::Reading reading = read_bytes(*constraint, text);
    EXPECT_EQ(reading.accepted, mark) << text;
    EXPECT_FALSE(reading.complete) << text;
  }
}

const Case kCases[] = {
    {"Anything",
     "true",
     {"{}", "[]", "12", "-0.5e+3", "\"\"", "null", " {\"a\": [1, {\"b\": []}]}", "\n[\n  1,\n  2\n]",
      "{\"a\":1,\"a\":2}"},
     {"^", "^,", "[1,^]", "{\"a\"^1}", "{^a:1}", "0^1", "1.^", "\"^\x01\"", "\"\\^x\"", "\"\\ud834^\"",
      " ^ 1", "tru^", "[1]^ "}},
    {"WhiteSpace",
     R"({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})",
     {"{\"a\":1}", "{\"a\": 1}", "{ \"a\" : 1 }", "{\n\t\"a\": 1\n}", "{\n\n                \"a\":\n1}"},
     {"{\n\n^\n\"a\": 1}", "{ ^   \"a\":1}", "{^\t\"a\": 1}", "{\"a\": 1}^\n"}},
    {"Types",
     R"({"type": ["string", "null", "boolean"]})",
     {"\"x\"", "null", "true", "false"},
     {"^1", "^[", "^{"}},
    {"Properties",
     R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {"type": "null"}},
         "required": ["b"]})",
     {R"({"b":"x"})", R"({"a":1,"b":""})", R"({"b":"x","c":null})", R"({"a":1, "b":"x", "c":null})"},
     {"{^}", R"({"a":1^})", R"({"b":"x","^a":1})", R"({"b":"x",^})", R"({"^c":null})", R"({"b":"x","^d":1})",
      R"({"a":^"1"})"}},
    {"FurtherProperties",
     R"({"properties": {"ab": {"type": "integer"}, "a\"": {"type": "null"}},
         "additionalProperties": {"type": "boolean"}})",
     {"{}", R"({"ab":1,"b":true})", R"({"abc":true,"a":false,"":true})", R"({"x":true,"y":false})",
      R"({"a\"":null})"},
     {R"({"ab":^true})", R"({"b":true,"ab^":1})", R"({"b":^1})", R"({"a\^u0062":true})",
      R"({"b":true,"a^\"":true})"}},
    {"CountedProperties",
     R"({"type": "object", "properties": {"a": true, "b": true, "c": true}, "minProperties": 1,
         "maxProperties": 2, "additionalProperties": false})",
     {R"({"a":1})", R"({"a":1,"c":2})", R"({"b":1,"c":2})"},
     {"{^}", R"({"a":1,"b":2^,"c":3})"}},
    {"Map",
     R"({"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2,
         "propertyNames": {"pattern": "^[a-z]+$"}})",
     {"{}", R"({"a":1})", R"({"a":1,"b":2})"},
     {R"({"^A":1})", R"({"^":1})", R"({"a":1,"b":2^,"c":3})"}},
    {"Items",
     R"({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3})",
     {"[1,2]", "[1, 2, 3]", "[ 1,\n2 ]"},
     {"[^]", "[1^]", "[1,2,3^,4]", "[^\"1\"]"}},
    {"Tuple",
     R"({"prefixItems": [{"type": "integer"}, {"type": "string"}], "items": {"type": "null"}, "maxItems": 3})",
     {R"([1,"a"])", R"([1,"a",null])"},
     {"[1^]", R"([1,"a",^1])", R"([1,"a",null^,null])"}},
    {"Enum",
     R"({"enum": ["red", "green", "gr", 7, null, [1, {"a": 2}], "q\"", "é"]})",
     {"\"red\"", "\"gr\"", "\"green\"", "7", "null", "[1, {\"a\":2}]", "\"q\\\"\"", "\"é\""},
     {"\"gre^\"", "7^1", "[1^]", "\"q^\""}},
    {"Const",
     R"({"const": {"a": [true]}})",
     {"{\"a\":[true]}", "{ \"a\": [ true ] }"},
     {"{^}", "{\"a\":[^]}"}},
    {"AnyOf",
     R"({"type": "object", "properties": {"v": {"anyOf": [{"type": "integer"}, {"type": "array", "items":
         {"$ref": "#/properties/v"}}]}}, "required": ["v"]})",
     {R"({"v":1})", R"({"v":[1,[2,[]]]})"},
     {R"({"v":^"x"})", R"({"v":[^null]})"}},
    {"AllOf",
     R"({"$defs": {"base": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}},
         "allOf": [{"$ref": "#/$defs/base"}, {"properties": {"name": {"type": "string"}, "id": {"minimum": 3}}}],
         "required": ["name"]})",
     {R"({"id":3,"name":""})", R"({"id":12,"name":"x"})"},
     {R"({"id":2^,"name":"x"})", R"({"id":3^})"}},
    {"AllOfClosed",
     R"({"allOf": [{"properties": {"a": {"type": "integer"}, "b": true}, "additionalProperties": false},
         {"properties": {"a": {"maximum": 5}, "c": true}}]})",
     {"{}", R"({"a":5,"b":[]})"},
     {R"({"a":^6})", R"({"^c":1})"}},
    {"OneOf",
     R"({"oneOf": [{"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}},
                   "required": ["kind", "x"]},
                  {"type": "object", "properties": {"kind": {"const": "b"}, "y": {"type": "string"}},
                   "required": ["kind", "y"]}]})",
     {R"({"kind":"a","x":1})", R"({"kind":"b","y":""})"},
     {R"({"kind":"a","^y":""})", R"({"kind":"^c"})"}},
    {"OneOfTypes",
     R"({"oneOf": [{"type": "string", "format": "date"}, {"type": "integer", "maximum": 3}, {"type": "number",
         "exclusiveMinimum": 3}, {"type": "null"}]})",
     {"\"2024-01-31\"", "3", "3.5", "null"},
     {"^t", "^{", "3.0^"}},
    {"OneOfValues",
     R"({"oneOf": [{"enum": ["a", "b", 1, {"x": 1, "y": 2}]}, {"enum": ["b", "c", 1.0, {"y": 2, "x": 1.0}]},
         {"const": "d"}]})",
     {"\"a\"", "\"c\"", "\"d\""},
     {"\"^b\"", "^1", "^{"}},
    {"OneOfVariants",
     R"({"oneOf": [{"enum": ["Quit", "Wait"]}, {"type": "object", "properties": {"Move": {"type": "integer"}},
         "required": ["Move"], "additionalProperties": false}, {"type": "object", "properties": {"Say": {"type":
         "string"}}, "required": ["Say"], "additionalProperties": false}]})",
     {"\"Quit\"", R"({"Move":1})", R"({"Say":"x"})"},
     {"{^}", R"({"Move":1^,"Say":"x"})", R"({"Move":^"x"})"}},
    {"OneOfRequired",
     R"({"type": "object", "properties": {"id": {"type": "null"}, "name": {"type": "null"}, "key": {"type": "null"},
         "note": {"type": "null"}}, "oneOf": [{"required": ["id"]}, {"required": ["name", "key"]}]})",
     {R"({"id":null})", R"({"id":null,"name":null,"note":null})", R"({"id":null,"key":null})",
      R"({"name":null,"key":null,"note":null})"},
     {"{^}", R"({"id":null,"name":null,"^key":null})", R"({"name":null,"^note":null})"}},
    {"OneOfOptionalTags",
     R"({"oneOf": [{"type": "object", "properties": {"x": {"type": "null"}, "kind": {"const": "a", "default": "a"}}},
         {"type": "object", "properties": {"kind": {"const": "b", "default": "b"}, "x": {"type": "null"}}}]})",
     {R"({"kind":"a"})", R"({"x":null,"kind":"a"})", R"({"kind":"b","x":null})"},
     {"{^}", R"({"x":null^})", R"({"x":null,"kind":"^b"})"}},
    {"OneOfOneOf",
     R"({"oneOf": [{"oneOf": [{"type": "boolean"}, {"type": "null"}]}, {"anyOf": [{"type": "string"}, {"type":
         "array", "items": false}]}]})",
     {"true", "null", "\"\"", "[]"},
     {"^1", "^{", "[^1]"}},
    {"OneOfRecursive",
     R"({"$ref": "#/$defs/expr", "$defs": {"expr": {"oneOf": [{"$ref": "#/$defs/num"}, {"$ref": "#/$defs/neg"}],
         "discriminator": {"propertyName": "op"}}, "num": {"type": "object", "properties": {"op": {"const": "num"},
         "v": {"type": "integer"}}, "required": ["op", "v"]}, "neg": {"type": "object", "properties": {"op": {"type":
         "string", "enum": ["neg"]}, "of": {"$ref": "#/$defs/expr"}}, "required": ["op", "of"]}}})",
     {R"({"op":"num","v":1})", R"({"op":"neg","of":{"op":"neg","of":{"op":"num","v":2}}})"},
     {R"({"op":"num","^of":1})", R"({"op":"ne^w"})", R"({"op":"neg","of":{"op":"num"^}})"}},
    {"Distributed",
     R"({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"],
         "anyOf": [{"properties": {"a": {"type": "null"}}, "required": ["a"]},
                   {"properties": {"b": {"type": "null"}}, "required": ["b"]}]})",
     {R"({"n":1,"a":null})", R"({"n":1,"b":null})"},
     {R"({"n":1^})", R"({"n":1,"a":null^,"b":null})"}},
    {"Recursive",
     R"({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"v": {"type": "integer"},
         "sub": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}, "required": ["v"]}}})",
     {R"({"v":1})", R"({"v":1,"sub":[{"v":2,"sub":[]},{"v":3}]})"},
     {R"({"v":1,"sub":[^1]})", R"({"v":1,"sub":[{^}]})"}},
    {"Anchors",
     R"({"$ref": "#n", "$defs": {"a/b": {"$anchor": "n", "type": "array", "items": {"$ref": "#/$defs/c~0d%25"}},
         "c~d%": {"type": "null"}}})",
     {"[]", "[null]"},
     {"[^1]"}},
    {"Lengths",
     R"({"type": "string", "minLength": 2, "maxLength": 4})",
     {"\"ab\"", "\"abcd\"", "\"éü\"", "\"\\u00e9\\n\"", "\"\\ud83d\\ude00😀\""},
     {"\"a^\"", "\"abcd^e\"", "\"😀😀😀😀^😀\""}},
    {"Pattern",
     R"({"type": "string", "pattern": "^(\\([0-9]{3}\\))?[0-9]{3}-[0-9]{4}$"})",
     {"\"555-1212\"", "\"(888)555-1212\""},
     {"\"^a\"", "\"(888^\"", "\"555-1212^0\""}},
    {"PatternWithin",
     R"({"type": "string", "pattern": "a[\"\\\\]|\\d$"})",
     {R"("xa\"y")", R"("a\\")", R"("a1")", R"("x\n1")"},
     {"\"a^\"", R"("1x^")"}},
    {"PatternAndLength",
     R"({"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 3})",
     {"\"ab\"", "\"abc\""},
     {"\"a^\"", "\"abc^d\"", "\"^A\""}},
    {"Date",
     R"({"type": "string", "format": "date"})",
     {"\"2024-02-29\"", "\"2023-12-31\"", "\"2000-02-29\""},
     {"\"2023-02-2^9\"", "\"2024-1^3-01\"", "\"1900-02-2^9\"", "\"2024-04-3^1\""}},
    {"DateTime",
     R"({"type": "string", "format": "date-time"})",
     {"\"2024-01-31T23:59:59Z\"", "\"2024-01-31T00:00:00.123+05:30\""},
     {"\"2024-01-31T2^4:00:00Z\"", "\"2024-01-31T23:59:59^\""}},
    {"Uuid",
     R"({"type": "string", "format": "uuid"})",
     {"\"123e4567-e89b-12d3-a456-426614174000\""},
     {"\"123e4567^e89b\"", "\"^g\""}},
    {"Integers",
     R"({"type": "integer", "minimum": -12, "maximum": 345})",
     {"-12", "-9", "-1", "0", "7", "99", "299", "345"},
     {"-1^3", "34^6", "-^0", "1^.0", "0^1", "40^0"}},
    {"ExclusiveIntegers",
     R"({"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 1000.5})",
     {"6", "10", "999", "1000"},
     {"5^", "^-", "100^1"}},
    {"Numbers",
     R"({"type": "number", "minimum": -1.5, "exclusiveMaximum": 10.25})",
     {"-1.5", "-1.49", "-0.1", "0", "0.0", "10", "10.2", "10.24", "10.2499", "9.999999"},
     {"-1.5^1", "-1.^6", "10.2^5", "-0^", "-0.0^", "1^1", "1^e5"}},
    {"NumbersBetween",
     R"({"type": "number", "minimum": 0.25, "maximum": 0.5})",
     {"0.25", "0.3", "0.5", "0.50", "0.4999"},
     {"0^", "0.2^", "0.^1", "0.5^1", "^1"}},
    {"Nullable", R"({"type": "integer", "nullable": true})", {"1", "null"}, {"^\""}},
    {"NoType", R"({"minLength": 1})", {"\"a\""}, {"\"^\"", "^1"}},
    {"Contradiction",
     R"({"type": "object", "properties": {"a": {"type": "string", "minLength": 3, "maxLength": 2}, "b": {"type": "null"}}})",
     {"{}", R"({"b":null})"},
     {R"({"^a":""})"}},
};

INSTANTIATE_TEST_SUITE_P(Keywords, JsonSchema, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

struct Refusal {
  const char* schema;
  const char* message;
};

TEST(JsonSchemaRefusals, NameTheKeywordAndThePlace) {
  const Refusal kRefusals[] = {
      {R"({"type": "object", "properties": {"a": {"not": {}}}})",
       R"(The schema's keyword "not" at "#/properties/a" is not supported.)"},
      {R"({"items": {"uniqueItems": true}})",
       R"(The schema's keyword "uniqueItems" at "#/items" is not supported.)"},
      {R"({"multipleOf": 3})", R"(The schema's keyword "multipleOf" at "#" is supported for 1 only.)"},
      {R"({"$ref": "#/$defs/x"})",
       R"(The schema's keyword "$ref" at "#" refers to "#/$defs/x", which is not in the schema.)"},
      {R"({"$ref": "#"})",
       R"(The schema's keyword "$ref" at "#" leads back to itself without a value in between.)"},
      {R"({"anyOf": [{"$ref": "#"}, {"type": "null"}]})",
       R"(The schema's keyword "$ref" at "#" leads back to itself without a value in between.)"},
      {R"({"type": "strnig"})", R"(The schema's keyword "type" at "#" names "strnig", which is no type.)"},
      {R"({"type": "string", "pattern": "(?=a)b"})",
       R"(The schema's keyword "pattern" at "#" cannot be used: The pattern is not supported at character 3: lookaround and flags are not supported.)"},
      {R"({"type": "string", "pattern": "^[a-z]+x$", "maxLength": 5})",
       R"(The schema's keyword "pattern" at "#" allows other lengths than "maxLength", and bringing the two together is not supported.)"},
      {R"({"type": "string", "format": "regex"})",
       R"(The schema's keyword "format" at "#" is "regex", which is not supported.)"},
      {R"({"type": "string", "enum": [1, 2]})",
       R"(The schema allows no value: none of the values of "enum" or "const" satisfies the rest.)"},
      {R"({"type": "integer", "minimum": 5, "maximum": 4})",
       R"(The schema allows no value: "minimum" and "maximum" exclude each other.)"},
      {R"({"allOf": [{"type": "string"}, {"type": "null"}]})",
       R"(The schema allows no value: the types at "#/allOf/1" exclude each other.)"},
      {R"({"type": "array", "minItems": 3, "prefixItems": [true], "items": false})",
       R"(The schema allows no value: "minItems" asks for more items than are described.)"},
      {R"({"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"x": {"$ref": "#/$defs/a"}}, "required": ["x"]}}})",
       R"(The schema allows no value.)"},
      {R"({"properties": {"v": {"oneOf": [{"type": "null"}, {"type": "integer"}, {"type": "number"}]}}})",
       R"(The schema's keyword "oneOf" at "#/properties/v" has alternatives that do not exclude each other: a value of "#/properties/v/oneOf/1" may satisfy "#/properties/v/oneOf/2" too; tell them apart by type or by a required property with a "const", or use "anyOf".)"},
      {R"({"oneOf": [{"type": "object", "properties": {"a": true}, "required": ["a"]}, {"type": "object",
           "properties": {"a": true, "b": true}, "required": ["a", "b"]}]})",
       R"(The schema's keyword "oneOf" at "#" has alternatives that do not exclude each other: a value of "#/oneOf/1" may satisfy "#/oneOf/0" too; tell them apart by type or by a required property with a "const", or use "anyOf".)"},
      {R"({"oneOf": [{"const": 1}, {"enum": [1]}]})",
       R"(The schema allows no value: every value of "oneOf" satisfies two of its alternatives.)"},
      {R"({"properties": {"a": 1}})", R"(The schema at "#/properties/a" must be an object, true or false.)"},
      {R"({"minLength": -1})",
       R"(The schema's keyword "minLength" at "#" must be a whole number that is not negative.)"},
      {"false", R"(The schema allows no value: "#" is false.)"},
  };
  for (const Refusal& refusal : kRefusals) {
    try {
      compile_json_schema(Json::parse(refusal.schema), tiny_tokenizer());
      ADD_FAILURE() << refusal.schema;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
      EXPECT_EQ(error.message(), refusal.message);
    }
  }
}

TEST(JsonText, ObjectsOnlyWhereAsked) {
  const auto object = compile_json(tiny_tokenizer(), JsonRoot::kObject);
  EXPECT_TRUE(accepts(*object, R"({"a": [1, "\u00e9"]})"));
  EXPECT_EQ(read_bytes(*object, "[1]").accepted, 0U);
  EXPECT_TRUE(accepts(*compile_json(tiny_tokenizer()), "[1]"));
}

TEST(JsonText, NumbersEnd) {
  const auto json = compile_json(tiny_tokenizer());
  EXPECT_EQ(read_bytes(*json, "0." + std::string(100, '3')).accepted, 18U);
  EXPECT_EQ(read_bytes(*json, std::string(100, '7')).accepted, 16U);
}

}  // namespace
}  // namespace axllama::text
