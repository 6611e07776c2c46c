// Answers of the bundled model in a prescribed form.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;
using testing::post;
using testing::post_stream;

constexpr const char* kModel = "axllama-tiny";

const json kSchema = json::parse(R"({"type": "object", "additionalProperties": false, "properties": {
    "city": {"enum": ["Paris", "Rome"]}, "people": {"type": "integer", "minimum": 1000, "maximum": 9999},
    "names": {"type": "array", "items": {"type": "string", "maxLength": 12}, "minItems": 1, "maxItems": 2}},
    "required": ["city", "people", "names"]})");

class StructuredOutput : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<testing::ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }
  static std::string url() { return server_->url(""); }

  static json request(double temperature, int seed) {
    return {{"model", kModel},
            {"stream", false},
            {"options", {{"temperature", temperature}, {"seed", seed}, {"num_predict", 200}}},
            {"format", kSchema}};
  }

  static inline std::unique_ptr<testing::ServerProcess> server_;
};

void expect_valid(const std::string& answer) {
  const json value = json::parse(answer, nullptr, false);
  ASSERT_FALSE(value.is_discarded()) << answer;
  ASSERT_EQ(value.size(), 3U) << answer;
  EXPECT_THAT(value.at("city").get<std::string>(), ::testing::AnyOf("Paris", "Rome"));
  EXPECT_THAT(value.at("people").get<int>(), ::testing::AllOf(::testing::Ge(1000), ::testing::Le(9999)));
  EXPECT_THAT(value.at("names").size(), ::testing::AllOf(::testing::Ge(1U), ::testing::Le(2U)));
}

TEST_F(StructuredOutput, AnswersFollowTheSchemaAtAnyTemperature) {
  for (const double temperature : {0.0, 1.0, 2.0}) {
    json chat = request(temperature, 3);
    chat["think"] = false;
    chat["messages"] = {{{"role", "user"}, {"content", "Tell me about Paris."}}};
    const auto reply = post(url(), "/api/chat", chat);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.json["done_reason"], "stop") << reply.body;
    expect_valid(reply.json["message"]["content"]);

    json generate = request(temperature, 4);
    generate["think"] = false;
    generate["prompt"] = "The capital of France is";
    const auto generated = post(url(), "/api/generate", generate);
    ASSERT_EQ(generated.status, 200) << generated.body;
    expect_valid(generated.json["response"]);
  }
}

TEST_F(StructuredOutput, ThoughtsComeFirst) {
  json chat = request(0, 5);
  chat["think"] = true;
  chat["messages"] = {{{"role", "user"}, {"content", "What is 2+2?"}}};
  const auto reply = post(url(), "/api/chat", chat);
  ASSERT_EQ(reply.status, 200) << reply.body;
  if (reply.json["done_reason"] == "stop") {
    expect_valid(reply.json["message"]["content"]);
  } else {
    EXPECT_FALSE(reply.json["message"]["thinking"].get<std::string>().empty()) << reply.body;
  }
}

TEST_F(StructuredOutput, BadSchemasAreRefused) {
  json chat = request(0, 5);
  chat["messages"] = {{{"role", "user"}, {"content", "Hello!"}}};
  chat["format"] = {{"properties", {{"a", {{"not", json::object()}}}}}};
  const auto reply = post(url(), "/api/chat", chat);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.json["error"], R"(The schema's keyword "not" at "#/properties/a" is not supported.)");
  chat["format"] = "xml";
  EXPECT_EQ(post(url(), "/api/chat", chat).status, 400);
}

}  // namespace
}  // namespace axllama
