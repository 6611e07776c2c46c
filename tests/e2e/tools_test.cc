// Tools as clients use them: the bundled model calls one and makes an answer of the result; models whose
// words are scripted call in the forms of other families.
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/process.h"
#include "tests/support/script.h"
#include "text/tool_calls/testing/templates.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::post;
using testing::post_stream;

constexpr const char* kModel = "axllama-tiny";

json tool(const char* name, const char* description, const char* argument) {
  return {{"type", "function"},
          {"function",
           {{"name", name},
            {"description", description},
            {"parameters",
             {{"type", "object"},
              {"properties", {{argument, {{"type", "string"}}}}},
              {"required", {argument}}}}}}};
}

const json kTools = {tool("get_weather", "Get the current weather for a city", "city"),
                     tool("calculator", "Do math", "expression")};

json question(const std::string& model, const std::string& content) {
  return {{"model", model},  {"messages", {{{"role", "user"}, {"content", content}}}},
          {"tools", kTools}, {"stream", false},
          {"think", false},  {"options", {{"temperature", 0}}}};
}

class BundledTools : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<testing::ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }
  static std::string url() { return server_->url(""); }

  static inline std::unique_ptr<testing::ServerProcess> server_;
};

TEST_F(BundledTools, ShowNamesTheCapabilities) {
  const auto reply = post(url(), "/api/show", {{"model", kModel}});
  EXPECT_THAT(reply.json["capabilities"], ::testing::ElementsAre("completion", "tools", "thinking"));
  EXPECT_EQ(reply.json["model_info"]["qwen3.attention.key_length"], 32);
  EXPECT_THAT(reply.json["template"].get<std::string>(), HasSubstr(".Tools"));
}

TEST_F(BundledTools, ACallItsResultAndTheAnswer) {
  json request = question(kModel, "What is the weather in Paris?");
  const auto called = post(url(), "/api/chat", request);
  ASSERT_EQ(called.status, 200) << called.body;
  const json& message = called.json["message"];
  EXPECT_EQ(message["content"], "");
  ASSERT_EQ(message["tool_calls"].size(), 1U) << called.body;
  const json& function = message["tool_calls"][0]["function"];
  EXPECT_EQ(function["name"], "get_weather");
  EXPECT_EQ(function["arguments"], (json{{"city", "Paris"}}));
  EXPECT_EQ(called.json["done_reason"], "stop");

  request["messages"].push_back(message);
  request["messages"].push_back({{"role", "tool"},
                                 {"tool_name", "get_weather"},
                                 {"content", R"({"temperature": 18, "condition": "sunny"})"}});
  const auto answered = post(url(), "/api/chat", request);
  ASSERT_EQ(answered.status, 200) << answered.body;
  EXPECT_FALSE(answered.json["message"].contains("tool_calls")) << answered.body;
  EXPECT_THAT(answered.json["message"]["content"].get<std::string>(), HasSubstr("18"));
}

TEST_F(BundledTools, ThoughtsComeBeforeAStreamedCall) {
  json request = question(kModel, "What is the weather in Oslo?");
  request["think"] = true;
  request["stream"] = true;
  std::string thinking;
  std::vector<json> calls;
  for (const json& record : post_stream(url(), "/api/chat", request)) {
    const json& message = record["message"];
    EXPECT_EQ(message["content"], "") << record;
    if (message.contains("thinking")) {
      EXPECT_TRUE(calls.empty());
      thinking += message["thinking"];
    }
    if (message.contains("tool_calls")) {
      EXPECT_EQ(record["done"], false);
      calls.push_back(message["tool_calls"]);
    }
  }
  EXPECT_THAT(thinking, HasSubstr("get_weather"));
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_THAT(calls[0][0]["id"].get<std::string>(), MatchesRegex("call_[0-9a-z]+"));
  EXPECT_EQ(calls[0][0]["function"]["name"], "get_weather");
  EXPECT_EQ(calls[0][0]["function"]["arguments"], (json{{"city", "Oslo"}}));
}

TEST_F(BundledTools, ARequiredCallIsMadeWhateverTheQuestion) {
  for (const bool think : {false, true}) {
    json request = question(kModel, "Hello!");
    request["think"] = think;
    request["tool_choice"] = "required";
    request["options"]["num_predict"] = 300;
    const auto required = post(url(), "/api/chat", request);
    ASSERT_EQ(required.status, 200) << required.body;
    const json& message = required.json["message"];
    EXPECT_EQ(message["content"], "") << required.body;
    ASSERT_TRUE(message.contains("tool_calls")) << required.body;
    EXPECT_EQ(message["tool_calls"][0]["function"]["arguments"].size(), 1U) << required.body;
  }
  json request = question(kModel, "What is the weather in Paris?");
  request["tool_choice"] = {{"type", "function"}, {"function", {{"name", "calculator"}}}};
  const auto named = post(url(), "/api/chat", request);
  ASSERT_EQ(named.status, 200) << named.body;
  ASSERT_EQ(named.json["message"]["tool_calls"].size(), 1U) << named.body;
  EXPECT_EQ(named.json["message"]["tool_calls"][0]["function"]["name"], "calculator");
  EXPECT_TRUE(named.json["message"]["tool_calls"][0]["function"]["arguments"]["expression"].is_string());
}

// ---- Scripted models

struct Family {
  const char* name;
  const std::string& chat_template;
  std::string answer;
  std::string content;
  json calls;  // name and arguments of each
};

void PrintTo(const Family& family, std::ostream* out) {
  *out << family.name;
}

const std::vector<Family>& families() {
  namespace templates = text::testing;
  static const json kWeather = json::array({json::array({"get_weather", {{"city", "Rome"}}})});
  static const json kBoth =
      json::array({kWeather[0], json::array({"calculator", {{"expression", "1 + 1"}}})});
  static const std::vector<Family> kFamilies = {
      {"Hermes", templates::kHermesTemplate,
       "I ask.\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": "
       "\"Rome\"}}\n</tool_call>\n<tool_call>\n"
       "{\"name\": \"calculator\", \"arguments\": {\"expression\": \"1 + 1\"}}\n</tool_call>",
       "I ask.", kBoth},
      {"Tagged", templates::kTaggedTemplate,
       "<tool_call>\n<function=get_weather>\n<parameter=city>\nRome\n</parameter>\n</function>\n</tool_call>",
       "", kWeather},
      {"Llama", templates::kLlamaTemplate,
       "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Rome\"}}", "", kWeather},
      {"MistralList", templates::kMistralListTemplate,
       "[TOOL_CALLS] [{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\"}, \"id\": "
       "\"abcdefghi\"}, "
       "{\"name\": \"calculator\", \"arguments\": {\"expression\": \"1 + 1\"}, \"id\": \"abcdefghj\"}]",
       "", kBoth},
      {"MistralNamed", templates::kMistralNamedTemplate,
       "Yes.[TOOL_CALLS]get_weather[ARGS]{\"city\": \"Rome\"}", "Yes.", kWeather},
      {"Phi", templates::kPhiTemplate,
       "<|tool_call|>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Rome\"}}]<|/tool_call|>", "",
       kWeather},
  };
  return kFamilies;
}

/// A model that is the bundled one but for its template; its words are scripted.
void make_model(const fs::path& folder, const std::string& chat_template) {
  fs::create_directories(folder);
  for (const auto& file : fs::directory_iterator(testing::bundled_models() / kModel)) {
    fs::create_symlink(file.path(), folder / file.path().filename());
  }
  fs::remove(folder / "chat_template.jinja");
  std::ofstream(folder / "chat_template.jinja") << chat_template;
}

class ScriptedTools : public ::testing::TestWithParam<Family> {};

TEST_P(ScriptedTools, CallsAreUnderstoodAndShownToTheModelAgain) {
  const Family& family = GetParam();
  const testing::TemporaryFolder folder;
  make_model(folder.path() / "models" / "scripted", family.chat_template);
  json request = question("scripted", "Is it warm?");
  request.erase("think");
  json steps = testing::script_steps(family.answer);
  steps.push_back(testing::kBundledEnd);
  const fs::path script = folder.path() / "script.json";
  std::ofstream(script) << testing::script_of(steps);
  testing::ServerProcess server({}, {{"AXLLAMA_MODELS", (folder.path() / "models").string()},
                                     {"AXLLAMA_SOFTCARD_SCRIPT", script.string()}});
  const auto called = post(server.url(""), "/api/chat", request);
  ASSERT_EQ(called.status, 200) << called.body;
  const json& message = called.json["message"];
  EXPECT_EQ(message["content"], family.content);
  ASSERT_EQ(message["tool_calls"].size(), family.calls.size()) << called.body;
  for (std::size_t i = 0; i < family.calls.size(); ++i) {
    const json& function = message["tool_calls"][i]["function"];
    EXPECT_EQ(function["index"], i);
    EXPECT_EQ(json::array({function["name"], function["arguments"]}), family.calls[i]);
  }
  // With the result, the model sees its call again.
  request["messages"].push_back(message);
  for (const json& call : message["tool_calls"]) {
    request["messages"].push_back({{"role", "tool"},
                                   {"tool_call_id", call["id"]},
                                   {"tool_name", call["function"]["name"]},
                                   {"content", "2"}});
  }
  request["_debug_render_only"] = true;
  const auto rendered = post(server.url(""), "/api/chat", request);
  ASSERT_EQ(rendered.status, 200) << rendered.body;
  EXPECT_THAT(rendered.json["_debug_info"]["rendered_template"].get<std::string>(), HasSubstr("Rome"));
}

INSTANTIATE_TEST_SUITE_P(Families, ScriptedTools, ::testing::ValuesIn(families()),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace axllama
