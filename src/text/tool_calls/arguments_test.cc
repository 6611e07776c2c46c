#include "text/tool_calls/arguments.h"

#include <string>

#include <gtest/gtest.h>

namespace axllama::text {
namespace {

using Json = nlohmann::ordered_json;

const Json kSchema = Json::parse(R"({"type": "object", "properties": {
  "city": {"type": "string"}, "days": {"type": "integer"}, "share": {"type": "number"}, "now": {"type": "boolean"},
  "unit": {"enum": ["C", "F"]}, "list": {"type": "array", "items": {"type": "integer"}},
  "any": {"type": ["string", "null"]}, "deep": {"type": "object", "required": ["x"]}},
  "required": ["city"], "additionalProperties": false})");

std::string fitted(const char* arguments) {
  return fit_arguments(kSchema, Json::parse(arguments)).dump();
}

TEST(ToolArguments, TakeTheTypeTheSchemaWants) {
  EXPECT_EQ(
      fitted(R"({"days": "5", "share": "0.5", "now": "true", "list": "[1, 2]", "city": 7, "other": "1"})"),
      R"({"days":5,"share":0.5,"now":true,"list":[1,2],"city":"7","other":"1"})");
  EXPECT_EQ(fitted(R"({"city": true, "days": 5.0})"), R"({"city":"true","days":5.0})");
}

TEST(ToolArguments, StayAsTheyAreWhereSomethingWouldBeLost) {
  for (const char* arguments :
       {R"({"days":"5.5"})", R"({"days":"five"})", R"({"now":"yes"})", R"({"list":"1"})", R"({"city":[1]})",
        R"({"any":5})", R"({"days":null})", R"({"share":""})"}) {
    EXPECT_EQ(fitted(arguments), arguments);
  }
  EXPECT_EQ(fit_arguments(Json::object(), Json::parse(R"({"a":"1"})")).dump(), R"({"a":"1"})");
}

std::string misfit(const char* arguments) {
  return find_misfit(kSchema, Json::parse(arguments)).value_or("");
}

TEST(ToolArguments, MisfitsAreNamed) {
  EXPECT_EQ(misfit(R"({"city": "Rom", "days": 2, "unit": "C", "list": [1], "any": null, "deep": {"x": 1}})"),
            "");
  EXPECT_EQ(misfit(R"({"days": 2})"), "the object of arguments lacks \"city\"");
  EXPECT_EQ(misfit(R"({"city": "Rom", "days": "two"})"), "\"days\" must be an integer, not a string");
  EXPECT_EQ(misfit(R"({"city": "Rom", "days": 2.5})"), "\"days\" must be an integer, not a number");
  EXPECT_EQ(misfit(R"({"city": "Rom", "unit": "K"})"), "\"unit\" must be one of [\"C\",\"F\"]");
  EXPECT_EQ(misfit(R"({"city": "Rom", "list": [1, "b"]})"),
            "an element of \"list\" must be an integer, not a string");
  EXPECT_EQ(misfit(R"({"city": "Rom", "any": 5})"),
            "\"any\" must be one of [\"string\",\"null\"], not a number");
  EXPECT_EQ(misfit(R"({"city": "Rom", "deep": {}})"), "\"deep\" lacks \"x\"");
  EXPECT_EQ(misfit(R"({"city": "Rom", "more": 1})"), "the object of arguments must not have \"more\"");
  EXPECT_FALSE(find_misfit(Json::parse(R"({"type": 5, "required": 1, "properties": []})"), Json::object()));
}

}  // namespace
}  // namespace axllama::text
