// Answers of the bundled model in a prescribed form.
#include <cstddef>
#include <functional>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

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

/// A form that is no JSON, under its names in both dialects, and what the test itself says of an answer.
struct Form {
  const char* native_field;
  const char* openai_field;
  json value;
  std::function<bool(const std::string&)> holds;
};

const std::vector<Form>& forms() {
  static const std::vector<Form> forms{
      {"regex", "guided_regex", R"((Paris|Rome): \d{1,3}(\.\d{3}){1,2} [a-z\u00e9]{3,8}!?)",
       [](const std::string& answer) {
         // By bytes, of which the e with an accent has two.
         static const std::regex pattern(
             "(Paris|Rome): [0-9]{1,3}(\\.[0-9]{3}){1,2} ([a-z]|\xC3\xA9){3,8}!?");
         return std::regex_match(answer, pattern);
       }},
      {"choices", "guided_choice",
       json::array({"Paris", "Paris, France", "the capital of Italy", "\u00e9t\u00e9"}),
       [](const std::string& answer) {
         return answer == "Paris" || answer == "Paris, France" || answer == "the capital of Italy" ||
                answer == "\u00e9t\u00e9";
       }},
      {"grammar", "grammar",
       "# brackets that match\nroot ::= \"(\" inner \")\"\ninner ::= root | \"<\" [a-z]{1,6} \">\" | "
       "[0-9]{1,4}\n",
       [](const std::string& answer) {
         const std::size_t depth = answer.find_first_not_of('(');
         if (depth == 0 || depth == std::string::npos || answer.size() < 2 * depth) {
           return false;
         }
         static const std::regex inner("<[a-z]{1,6}>|[0-9]{1,4}");
         return answer.substr(answer.size() - depth) == std::string(depth, ')') &&
                std::regex_match(answer.substr(depth, answer.size() - 2 * depth), inner);
       }},
  };
  return forms;
}

TEST_F(StructuredOutput, AnswersHaveTheirFormAtAnyTemperature) {
  constexpr std::pair<double, int> kRuns[] = {{0.0, 1}, {1.5, 2}, {1.5, 3}, {1.5, 4}, {1.5, 5}};
  for (const Form& form : forms()) {
    for (const auto& [temperature, seed] : kRuns) {
      SCOPED_TRACE(std::string(form.native_field) + ", seed " + std::to_string(seed));
      json asked = request(temperature, seed);
      asked.erase("format");
      asked["think"] = false;
      asked[form.native_field] = form.value;
      json generate = asked;
      generate["prompt"] = "The capital of France is";
      const auto generated = post(url(), "/api/generate", generate);
      ASSERT_EQ(generated.status, 200) << generated.body;
      EXPECT_EQ(generated.json["done_reason"], "stop") << generated.body;
      EXPECT_TRUE(form.holds(generated.json["response"])) << generated.body;

      asked["messages"] = {{{"role", "user"}, {"content", "Tell me about Paris."}}};
      const auto whole = post(url(), "/api/chat", asked);
      ASSERT_EQ(whole.status, 200) << whole.body;
      EXPECT_EQ(whole.json["done_reason"], "stop") << whole.body;
      EXPECT_TRUE(form.holds(whole.json["message"]["content"])) << whole.body;

      asked["stream"] = true;
      std::string streamed;
      for (const json& record : post_stream(url(), "/api/chat", asked)) {
        streamed += record["message"]["content"];
      }
      EXPECT_EQ(streamed, whole.json["message"]["content"]);
    }
  }
}

TEST_F(StructuredOutput, TheOtherDialectAsksForTheSameForms) {
  for (const Form& form : forms()) {
    SCOPED_TRACE(form.openai_field);
    json asked{{"model", kModel}, {"temperature", 1.5}, {"seed", 6}, {"max_tokens", 200}};
    asked[form.openai_field] = form.value;
    json completion = asked;
    completion["prompt"] = "The capital of France is";
    const auto completed = post(url(), "/v1/completions", completion);
    ASSERT_EQ(completed.status, 200) << completed.body;
    EXPECT_TRUE(form.holds(completed.json["choices"][0]["text"])) << completed.body;

    asked["messages"] = {{{"role", "user"}, {"content", "Tell me about Paris."}}};
    asked["reasoning_effort"] = "none";
    const auto reply = post(url(), "/v1/chat/completions", asked);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.json["choices"][0]["finish_reason"], "stop") << reply.body;
    EXPECT_TRUE(form.holds(reply.json["choices"][0]["message"]["content"])) << reply.body;
  }
}

TEST_F(StructuredOutput, EveryFormComesAfterTheThoughts) {
  for (const Form& form : forms()) {
    SCOPED_TRACE(form.native_field);
    json chat = request(0, 5);
    chat.erase("format");
    chat["options"]["num_predict"] = 400;
    chat["think"] = true;
    chat[form.native_field] = form.value;
    chat["messages"] = {{{"role", "user"}, {"content", "What is 2+2?"}}};
    const auto reply = post(url(), "/api/chat", chat);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.json["done_reason"], "stop") << reply.body;
    EXPECT_FALSE(reply.json["message"].value("thinking", "").empty()) << reply.body;
    EXPECT_TRUE(form.holds(reply.json["message"]["content"])) << reply.body;
  }
}

TEST_F(StructuredOutput, BadFormsAreRefused) {
  const std::pair<const char*, const char*> bad[] = {
      {R"({"grammar": "root ::= name\nname ::= [a-z"})", "The grammar is wrong in line 2: '[' has no ']'."},
      {R"({"regex": "(?=a)b"})",
       "The pattern is not supported at character 3: lookaround and flags are not supported."},
      {R"({"choices": []})", "A list of choices must not be empty."},
      {R"({"regex": "a", "format": "json"})",
       "the fields \"format\" and \"regex\" both say what the answer must look like; only one of them may"},
  };
  for (const auto& [fields, message] : bad) {
    json generate{{"model", kModel}, {"prompt", "Hello!"}};
    generate.update(json::parse(fields));
    const auto reply = post(url(), "/api/generate", generate);
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_EQ(reply.json["error"], message);
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
