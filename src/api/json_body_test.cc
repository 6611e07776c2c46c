#include "api/json_body.h"

#include <string>

#include <gtest/gtest.h>

#include "base/testing/error_of.h"

namespace axllama::api {
namespace {

using base::testing::refusal_of;

std::string body_error(const std::string& body) {
  return refusal_of([&] { parse_json_body(body); });
}

TEST(JsonBodyTest, ReadsTheFirstObjectAndKeepsOrder) {
  EXPECT_EQ(to_json(parse_json_body(" {\"b\":1,\"a\":[{\"z\":1,\"y\":2}]} trailing ] { rubbish")),
            "{\"b\":1,\"a\":[{\"z\":1,\"y\":2}]}");
  EXPECT_EQ(to_json(parse_json_body("{\"a\":\"}]\\\"{\"}{\"b\":2}")), "{\"a\":\"}]\\\"{\"}");
  EXPECT_EQ(to_json(parse_json_body("\xEF\xBB\xBF{}")), "{}");
}

TEST(JsonBodyTest, RefusesWithASentence) {
  EXPECT_EQ(body_error(""), "missing request body");
  EXPECT_EQ(body_error(" \r\n\t"), "missing request body");
  EXPECT_EQ(body_error("[]"), "the request body must be a JSON object, not an array");
  EXPECT_EQ(body_error("\"x\""), "the request body must be a JSON object, not a string");
  EXPECT_EQ(body_error("3"), "the request body must be a JSON object, not a number");
  for (const char* bad : {"{", "}", "]", "{\"a\":}", "{'a':1}", "model=x&prompt=y", "{\"a\":1", "{\"a\":\"x",
                          "{\"a\":\"\\", "{\"a\":\"\\u12", "{\"a\" 1}", "{\"a\":1]"}) {
    const std::string message = body_error(bad);
    EXPECT_EQ(message.rfind("the request body is not valid JSON: parse error at line 1, column ", 0), 0U)
        << bad << ": " << message;
  }
}

TEST(JsonBodyTest, ReplacesWhatIsNotText) {
  EXPECT_EQ(parse_json_body("{\"a\":\"x\xff\xc3y\"}")["a"], "x\uFFFD\uFFFDy");
  EXPECT_EQ(parse_json_body("{\"a\":\"\\ud83d\\ude00\"}")["a"], "\U0001F600");
  EXPECT_EQ(parse_json_body("{\"a\":\"\\ud83d!\"}")["a"], "\uFFFD!");
  EXPECT_EQ(parse_json_body("{\"a\":\"\\ude00\\ud83d\"}")["a"], "\uFFFD\uFFFD");
  EXPECT_EQ(parse_json_body("{\"a\":\"\\\\ud83d\"}")["a"], "\\ud83d");
  EXPECT_EQ(to_json(Json("\xff")), "\"\uFFFD\"");
}

TEST(JsonBodyTest, BoundsWhatABodyMayCost) {
  const std::size_t many = 2'000'000;
  EXPECT_EQ(body_error("{\"a\":" + std::string(many, '[')),
            "the request body is nested more than 128 levels deep");
  std::string values = "{\"a\":[0";
  for (std::size_t i = 0; i < many; ++i) {
    values += ",0";
  }
  EXPECT_EQ(body_error(values + "]}"), "the request body holds more than 1000000 values");
  std::string members = "{";
  for (int i = 0; i < 1025; ++i) {
    members += "\"k" + std::to_string(i) + "\":0,";
  }
  EXPECT_EQ(body_error(members + "\"x\":0}"), "an object of the request body has more than 1024 members");
  EXPECT_EQ(parse_json_body("{\"a\":\"" + std::string(10 << 20, '[') + "\"}")["a"].get<std::string>().size(),
            10U << 20U);
}

TEST(JsonFieldsTest, FindsWithoutRegardToCase) {
  const Json object = parse_json_body(R"({"Model":"a","STREAM":false,"n":null,"model":"b"})");
  const JsonFields fields(object);
  EXPECT_EQ(fields.string("model"), "b");
  EXPECT_FALSE(fields.boolean("stream", true));
  EXPECT_FALSE(fields.has("n"));
  EXPECT_EQ(fields.string("n", "x"), "x");
  EXPECT_TRUE(fields.boolean("absent", true));
  EXPECT_EQ(fields.integer("absent"), std::nullopt);
  EXPECT_EQ(fields.array("absent"), nullptr);
}

TEST(JsonFieldsTest, NamesFieldAndKinds) {
  const Json object = parse_json_body(R"({"s":1,"b":"x","i":1.5,"a":{},"o":[]})");
  const JsonFields fields(object, "messages[2].");
  EXPECT_EQ(refusal_of([&] { fields.string("s"); }),
            "the field \"messages[2].s\" must be a string, not a number");
  EXPECT_EQ(refusal_of([&] { fields.boolean("b", true); }),
            "the field \"messages[2].b\" must be true or false, not a string");
  EXPECT_EQ(refusal_of([&] { fields.integer("i"); }),
            "the field \"messages[2].i\" must be a whole number, not a number");
  EXPECT_EQ(refusal_of([&] { fields.array("a"); }),
            "the field \"messages[2].a\" must be an array, not an object");
  EXPECT_EQ(refusal_of([&] { fields.object("o"); }),
            "the field \"messages[2].o\" must be an object, not an array");
}

}  // namespace
}  // namespace axllama::api
