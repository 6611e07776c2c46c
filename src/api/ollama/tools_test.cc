// Calls of tools and thoughts through /api/chat, with answers that the test writes.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json_body.h"
#include "api/ollama/ollama_api.h"
#include "api/testing/api_server.h"
#include "api/testing/fake_service.h"
#include "store/library.h"
#include "text/tool_calls/testing/templates.h"

namespace axllama::api::ollama {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::FakeRequest;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::records_of;

const std::string kConfig =
    R"({"axllama":{"architecture":"llama","weight_type":"s8","context_length":4096}})";
const std::string kThinkingTemplate =
    text::testing::kHermesTemplate + "{%- if add_generation_prompt %}{{- '<think>\n' }}{%- endif %}";
const Json kTools =
    Json::parse(R"([{"type": "function", "function": {"name": "weather", "description": "Tells it.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}])");

class ToolsTest : public ::testing::Test {
 protected:
  ToolsTest() : library_({models_.path()}) {
    models_.add("tooler", text::testing::kHermesTemplate, kConfig);
    models_.add("thinking-tooler", kThinkingTemplate, kConfig);
    server_ = std::make_unique<testing::ApiServer>([this](http::Router& router) {
      add_ollama_routes(router, {std::make_shared<chat::Core>(service_, library_)});
    });
  }
  ~ToolsTest() override { server_->server().stop(0ms); }

  /// The model's answer, in these pieces.
  void answer(const std::vector<std::string>& pieces) {
    service_.on_submit = [pieces](FakeRequest& request) {
      request.push_ready();
      for (const std::string& piece : pieces) {
        request.push_text(piece, {1});
      }
      request.push_done();
    };
  }
  static Json question(const std::string& model = "tooler") {
    return {
        {"model", model}, {"messages", {{{"role", "user"}, {"content", "Is it warm?"}}}}, {"tools", kTools}};
  }
  std::vector<Json> stream(const Json& body) {
    const auto response = server_->post("/api/chat", to_json(body));
    EXPECT_EQ(response.status, 200) << response.body;
    return records_of(response.body);
  }
  Json whole(Json body) {
    body["stream"] = false;
    const auto response = server_->post("/api/chat", to_json(body));
    EXPECT_EQ(response.status, 200) << response.body;
    return Json::parse(response.body)["message"];
  }
  std::string error(const Json& body) {
    const auto response = server_->post("/api/chat", to_json(body));
    EXPECT_EQ(response.status, 400) << response.body;
    return Json::parse(response.body).value("error", "");
  }
  std::string prompt() {
    std::string text;
    for (const text::TokenId token : service_.last_request()->submitted->generation.prompt) {
      text += static_cast<char>(token);
    }
    return text;
  }
  std::vector<std::string> capabilities(const std::string& model) {
    return Json::parse(server_->post("/api/show", to_json(Json{{"model", model}})).body)["capabilities"];
  }

  testing::ModelFolder models_;
  store::Library library_;
  testing::FakeService service_;
  std::unique_ptr<testing::ApiServer> server_;
};

TEST_F(ToolsTest, CapabilitiesComeFromTheTemplate) {
  EXPECT_THAT(capabilities("plain"), ElementsAre("completion"));
  EXPECT_THAT(capabilities("thinker"), ElementsAre("completion", "thinking"));
  EXPECT_THAT(capabilities("tooler"), ElementsAre("completion", "tools"));
  EXPECT_THAT(capabilities("thinking-tooler"), ElementsAre("completion", "tools", "thinking"));
}

TEST_F(ToolsTest, ACallComesWholeInARecordOfItsOwn) {
  answer({"Let me", " see.\n", "<tool_", "call>\n{\"name\": \"weather\", \"argum",
          "ents\": {\"city\": \"K\xc3\xb6ln\"}", "}\n</tool_call>"});
  const std::vector<Json> records = stream(question());
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0]["message"]["content"], "Let me");
  EXPECT_EQ(records[1]["message"]["content"], " see.");
  const Json& message = records[2]["message"];
  EXPECT_EQ(records[2]["done"], false);
  EXPECT_EQ(message["content"], "");
  ASSERT_EQ(message["tool_calls"].size(), 1U);
  EXPECT_THAT(message["tool_calls"][0]["id"].get<std::string>(), MatchesRegex("call_[0-9a-z]{8}"));
  EXPECT_EQ(to_json(message["tool_calls"][0]["function"]),
            R"({"index":0,"name":"weather","arguments":{"city":"Köln"}})");
  EXPECT_EQ(records[3]["done"], true);
  EXPECT_EQ(records[3]["done_reason"], "stop");
  EXPECT_EQ(records[3]["message"]["content"], "");
  EXPECT_FALSE(records[3]["message"].contains("tool_calls"));
}

TEST_F(ToolsTest, ParallelCallsCountUp) {
  answer({"<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"Rom\"}}</tool_call>\n",
          "<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"Bonn\"}}</tool_call>"});
  const std::vector<Json> records = stream(question());
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0]["message"]["tool_calls"][0]["function"]["index"], 0);
  EXPECT_EQ(records[1]["message"]["tool_calls"][0]["function"]["index"], 1);
  EXPECT_NE(records[0]["message"]["tool_calls"][0]["id"], records[1]["message"]["tool_calls"][0]["id"]);
  const Json message = whole(question());
  EXPECT_EQ(message["content"], "");
  ASSERT_EQ(message["tool_calls"].size(), 2U);
  EXPECT_EQ(message["tool_calls"][1]["function"]["index"], 1);
  EXPECT_EQ(message["tool_calls"][1]["function"]["arguments"]["city"], "Bonn");
}

TEST_F(ToolsTest, WhatIsNoCallIsContent) {
  answer({"<tool_call>{\"name\": }</tool_call>"});
  EXPECT_EQ(whole(question())["content"], "<tool_call>{\"name\": }</tool_call>");
  answer({"<tool_call>{\"name\": \"wea"});
  EXPECT_EQ(whole(question())["content"], "<tool_call>{\"name\": \"wea");
}

TEST_F(ToolsTest, WithoutToolsNothingIsACall) {
  answer({"<tool_call>{\"name\": \"weather\"}</tool_call>"});
  Json body = question();
  body["tools"] = Json::array();
  EXPECT_EQ(whole(body)["content"], "<tool_call>{\"name\": \"weather\"}</tool_call>");
  EXPECT_THAT(prompt(), Not(HasSubstr("weather")));
  body = question();
  body["tool_choice"] = "none";
  EXPECT_EQ(whole(body)["content"], "<tool_call>{\"name\": \"weather\"}</tool_call>");
  EXPECT_THAT(prompt(), Not(HasSubstr("Tells it.")));
}

TEST_F(ToolsTest, CallsAndResultsAreShownToTheModel) {
  answer({"Warm."});
  Json body = question();
  body["messages"].push_back(
      {{"role", "assistant"},
       {"content", ""},
       {"tool_calls", {{{"function", {{"name", "weather"}, {"arguments", {{"city", "Bonn"}}}}}}}}});
  body["messages"].push_back({{"role", "tool"}, {"tool_name", "weather"}, {"content", "20 degrees"}});
  EXPECT_EQ(whole(body)["content"], "Warm.");
  EXPECT_THAT(prompt(), HasSubstr("\"name\": \"weather\", \"description\": \"Tells it.\""));
  EXPECT_THAT(prompt(),
              HasSubstr("<|im_start|>assistant\n<tool_call>\n{\"name\": \"weather\", \"arguments\": "
                        "{\"city\": \"Bonn\"}}\n</tool_call><|im_end|>\n<|im_start|>tool\n20 degrees"));
}

TEST_F(ToolsTest, ThoughtsStandApartFromCalls) {
  answer({"I ask.\n</think>\n\nSure.", "<tool_call>{\"name\": \"weather\"}</tool_call>"});
  const std::vector<Json> records = stream(question("thinking-tooler"));
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0]["message"]["thinking"], "I ask.");
  EXPECT_EQ(records[0]["message"]["content"], "");
  EXPECT_EQ(records[1]["message"]["content"], "Sure.");
  EXPECT_EQ(records[2]["message"]["tool_calls"][0]["function"]["name"], "weather");
  // A model that forgets to close its thoughts calls all the same.
  answer({"I ask.\n<tool_call>{\"name\": \"weather\"}</tool_call>"});
  const Json message = whole(question("thinking-tooler"));
  EXPECT_EQ(message["thinking"], "I ask.");
  EXPECT_EQ(message["tool_calls"].size(), 1U);
  EXPECT_EQ(message["content"], "");
  Json body = question("thinking-tooler");
  body["think"] = false;
  answer({"Sure."});
  EXPECT_FALSE(whole(body).contains("thinking"));
  EXPECT_TRUE(prompt().ends_with("<think>\n\n\n</think>\n\n")) << prompt();
}

TEST_F(ToolsTest, LevelsOfThinkingReachTheTemplate) {
  models_.add("levels", "{{ messages[-1].content }}|{{ reasoning_effort | default('none') }}|<think>",
              kConfig);
  Json body = question("levels");
  body.erase("tools");
  for (const auto& [think, level] : std::vector<std::pair<Json, std::string>>{
           {true, "none"}, {"low", "low"}, {"medium", "medium"}, {"max", "max"}, {false, "none"}}) {
    body["think"] = think;
    whole(body);
    EXPECT_THAT(prompt(), HasSubstr("|" + level + "|")) << think;
  }
  body["think"] = "much";
  EXPECT_EQ(error(body),
            "invalid think value: \"much\" (must be \"high\", \"medium\", \"low\", \"max\", true, or false)");
}

TEST_F(ToolsTest, OnlyGptOssTakesTheHighestLevelForHigh) {
  const std::string echo = "{{ messages[-1].content }}|{{ reasoning_effort | default('none') }}|<think>";
  for (const auto& [family, level] : std::vector<std::pair<std::string, std::string>>{
           {"gpt_oss", "high"}, {"gptoss", "high"}, {"GPT-OSS", "high"}, {"qwen3", "max"}}) {
    models_.add(family, echo, R"({"axllama":{"architecture":")" + family + R"("}})");
    Json body = question(family);
    body.erase("tools");
    body["think"] = "max";
    whole(body);
    EXPECT_THAT(prompt(), HasSubstr("|" + level + "|")) << family;
    body["think"] = "low";
    whole(body);
    EXPECT_THAT(prompt(), HasSubstr("|low|")) << family;
  }
}

/// How many bytes of an answer the constraint lets the model write.
std::size_t allowed_bytes(const text::Constraint& constraint, std::string_view answer) {
  const auto state = constraint.start();
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const auto token = static_cast<unsigned char>(answer[i]);
    if ((state->allowed()[token / 64] >> (token % 64) & 1U) == 0) {
      return i;
    }
    state->accept(token);
  }
  return answer.size();
}

TEST_F(ToolsTest, ARequiredCallIsAllTheModelCanWrite) {
  const std::string call =
      "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Rom\"}}\n</tool_call>";
  answer({call});
  for (const Json& choice :
       {Json("required"), Json{{"type", "function"}, {"function", {{"name", "weather"}}}}}) {
    Json body = question();
    body["tool_choice"] = choice;
    EXPECT_EQ(whole(body)["tool_calls"].size(), 1U);
    const auto& generation = service_.last_request()->submitted->generation;
    ASSERT_TRUE(generation.constraint);
    EXPECT_EQ(generation.constraint_after, "");
    EXPECT_EQ(allowed_bytes(*generation.constraint, call), call.size());
    EXPECT_EQ(allowed_bytes(*generation.constraint, "Sure."), 0U);
    EXPECT_EQ(allowed_bytes(*generation.constraint, "<think>"), 2U);
  }
  Json body = question("thinking-tooler");
  body["tool_choice"] = "required";
  whole(body);
  EXPECT_EQ(service_.last_request()->submitted->generation.constraint_after, "</think>");
  whole(question());
  EXPECT_FALSE(service_.last_request()->submitted->generation.constraint);
  body["tools"][0]["function"]["parameters"] = {{"type", "nothing"}};
  EXPECT_THAT(error(body), HasSubstr("The parameters of the tool \"weather\": "));
}

TEST_F(ToolsTest, WhatCannotBeDoneIsRefused) {
  EXPECT_EQ(error(question("plain")), "registry.ollama.ai/library/plain:latest does not support tools");
  Json body = question();
  body["tools"] = {{{"type", "function"}}};
  EXPECT_EQ(error(body), "the field \"tools[0].function\" is missing");
  body["tools"] = {{{"function", {{"description", "x"}}}}};
  EXPECT_EQ(error(body), "the field \"tools[0].function.name\" is missing");
  body["tools"] = Json::array({1});
  EXPECT_EQ(error(body), "the field \"tools[0]\" must be an object, not a number");
  body = question();
  body["tool_choice"] = {{"type", "function"}, {"function", {{"name", "time"}}}};
  EXPECT_EQ(error(body),
            "the field \"tool_choice\" names the function \"time\", which is not among the tools");
  body["tool_choice"] = "perhaps";
  EXPECT_THAT(error(body), HasSubstr("\"tool_choice\" must be"));
  body["tool_choice"] = "required";
  body.erase("tools");
  EXPECT_THAT(error(body), HasSubstr("no tools"));
}

}  // namespace
}  // namespace axllama::api::ollama
