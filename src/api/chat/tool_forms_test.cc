// Calls of tools in the forms of OpenAI and Anthropic.
#include <string>
#include <vector>

#include "api/anthropic/anthropic_api.h"
#include "api/openai/openai_api.h"
#include "api/testing/dialect_test.h"
#include "text/tool_calls/testing/templates.h"

namespace axllama::api::chat {
namespace {

using ::testing::ElementsAre;
using testing::EventRecord;
using testing::events_of;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ToolFormsTest : public testing::DialectTest {
 protected:
  ToolFormsTest() {
    models_.add("tooler", text::testing::kHermesTemplate,
                R"({"axllama":{"architecture":"llama","weight_type":"s8","context_length":4096}})");
    script({"Look:\n", "<tool_call>\n{\"name\": \"eye\", \"argum", "ents\": {\"at\": 1}}\n</tool_call>"});
  }
  void add_routes(http::Router& router, const std::shared_ptr<Core>& core) override {
    openai::add_openai_routes(router, core);
    anthropic::add_anthropic_routes(router, core);
  }
  std::vector<EventRecord> stream(const std::string& path, Json body) {
    body["stream"] = true;
    return events_of(post(path, body).body);
  }
};

Json chat_body() {
  return Json::parse(
      R"({"model":"tooler","messages":[{"role":"user","content":"?"}],"tools":[{"type":"function",
    "function":{"name":"eye","parameters":{"type":"object","properties":{"at":{"type":"integer"}}}}}]})");
}

TEST_F(ToolFormsTest, OpenAiChat) {
  const Json reply = DialectTest::reply("/v1/chat/completions", chat_body());
  const Json& choice = reply["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_EQ(choice["message"]["content"], "Look:");
  const Json& call = choice["message"]["tool_calls"][0];
  EXPECT_THAT(call["id"].get<std::string>(), StartsWith("call_"));
  EXPECT_EQ(call["index"], 0);
  EXPECT_EQ(call["type"], "function");
  EXPECT_EQ(to_json(call["function"]), R"({"name":"eye","arguments":"{\"at\":1}"})");
  EXPECT_THAT(prompt(), HasSubstr("eye"));

  const std::vector<EventRecord> events = stream("/v1/chat/completions", chat_body());
  ASSERT_EQ(events.size(), 4U);  // content, call, finish, [DONE]
  EXPECT_EQ(events[1].json()["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"], R"({"at":1})");
  EXPECT_EQ(events[2].json()["choices"][0]["finish_reason"], "tool_calls");

  Json none = chat_body();
  none["tool_choice"] = "none";
  DialectTest::reply("/v1/chat/completions", none);
  EXPECT_THAT(prompt(), Not(HasSubstr("eye")));
  Json plain = chat_body();
  plain["model"] = "plain";
  EXPECT_EQ(DialectTest::reply("/v1/chat/completions", plain, 400)["error"]["message"],
            "registry.ollama.ai/library/plain:latest does not support tools");
}

TEST_F(ToolFormsTest, OpenAiResponses) {
  const Json body = Json::parse(R"({"model":"tooler","input":"?","tools":[{"type":"web_search"},
    {"type":"function","name":"eye","parameters":{"type":"object"}},
    {"type":"namespace","name":"body","tools":[{"type":"function","name":"ear"}]}]})");
  const Json reply = DialectTest::reply("/v1/responses", body);
  ASSERT_EQ(reply["output"].size(), 2U);
  EXPECT_EQ(reply["output"][0]["type"], "message");
  EXPECT_EQ(reply["output"][1]["type"], "function_call");
  EXPECT_EQ(reply["output"][1]["name"], "eye");
  EXPECT_EQ(reply["output"][1]["arguments"], R"({"at":1})");
  EXPECT_THAT(prompt(), HasSubstr("body.ear"));

  std::vector<std::string> names;
  const std::vector<EventRecord> events = stream("/v1/responses", body);
  for (std::size_t i = 8; i < events.size(); ++i) {
    names.push_back(events[i].name);
  }
  EXPECT_THAT(names, ElementsAre("response.output_item.added", "response.function_call_arguments.delta",
                                 "response.function_call_arguments.done", "response.output_item.done",
                                 "response.completed"));
  EXPECT_EQ(events[8].json()["item"]["arguments"], "");
  EXPECT_EQ(events[8].json()["output_index"], 1);
  EXPECT_EQ(events.back().json()["response"]["output"][1], events[11].json()["item"]);
}

constexpr const char* kCall = "<tool_call>\n{\"name\": \"eye\", \"arguments\": {}}\n</tool_call>";

/// What each form says in which order, as kinds and texts.
std::vector<std::string> order_of(const Json& list, const char* text_kind) {
  std::vector<std::string> order;
  for (const Json& each : list) {
    const std::string type = each["type"];
    order.push_back(type != text_kind          ? type
                    : each.contains("content") ? each["content"][0]["text"].get<std::string>()
                                               : each["text"].get<std::string>());
  }
  return order;
}

TEST_F(ToolFormsTest, TextBetweenAndBehindCallsKeepsItsPlace) {
  const std::string call = kCall;
  const std::string whole = "Look:\n" + call + "\nAgain:\n" + call + call + "\nDone.";
  std::vector<std::string> letters;
  for (const char letter : whole) letters.emplace_back(1, letter);
  const Json responses =
      Json::parse(R"({"model":"tooler","input":"?","tools":[{"type":"function","name":"eye"}]})");
  const Json messages = Json::parse(
      R"({"model":"tooler","max_tokens":50,"messages":[{"role":"user","content":"?"}],"tools":[{"name":"eye"}]})");
  for (const std::vector<std::string>& parts : {std::vector<std::string>{whole}, letters}) {
    script(parts);
    const auto items =
        ElementsAre("Look:", "function_call", "\nAgain:", "function_call", "function_call", "\nDone.");
    EXPECT_THAT(order_of(DialectTest::reply("/v1/responses", responses)["output"], "message"), items);
    std::vector<std::string> done;
    const std::vector<EventRecord> events = stream("/v1/responses", responses);
    std::size_t index = 0;
    Json output = Json::array();
    for (const EventRecord& event : events) {
      if (event.name != "response.output_item.done") continue;
      EXPECT_EQ(event.json()["output_index"], index++);
      output.push_back(event.json()["item"]);
    }
    EXPECT_THAT(order_of(output, "message"), items);
    EXPECT_EQ(events.back().json()["response"]["output"], output);

    EXPECT_THAT(order_of(DialectTest::reply("/v1/messages", messages)["content"], "text"),
                ElementsAre("Look:", "tool_use", "\nAgain:", "tool_use", "tool_use", "\nDone."));
    EXPECT_EQ(DialectTest::reply("/v1/chat/completions", chat_body())["choices"][0]["message"]["content"],
              "Look:\nAgain:\nDone.");  // this form knows no order
  }
}

TEST_F(ToolFormsTest, AnthropicMessages) {
  const Json body =
      Json::parse(R"({"model":"tooler","max_tokens":50,"messages":[{"role":"user","content":"?"}],
    "tools":[{"name":"eye","description":"Sees.","input_schema":{"type":"object"}},{"type":"web_search_20250305"}],
    "tool_choice":{"type":"auto"}})");
  const Json reply = DialectTest::reply("/v1/messages", body);
  EXPECT_EQ(reply["stop_reason"], "tool_use");
  ASSERT_EQ(reply["content"].size(), 2U);
  EXPECT_EQ(reply["content"][0]["text"], "Look:");
  EXPECT_EQ(reply["content"][1]["type"], "tool_use");
  EXPECT_EQ(to_json(reply["content"][1]["input"]), R"({"at":1})");
  EXPECT_THAT(prompt(), HasSubstr("Sees."));

  std::vector<std::string> names;
  const std::vector<EventRecord> events = stream("/v1/messages", body);
  for (const EventRecord& event : events) {
    names.push_back(event.name);
  }
  EXPECT_THAT(names, ElementsAre("message_start", "content_block_start", "ping", "content_block_delta",
                                 "content_block_stop", "content_block_start", "content_block_delta",
                                 "content_block_stop", "message_delta", "message_stop"));
  EXPECT_EQ(to_json(events[5].json()["content_block"]["input"]), "{}");
  EXPECT_EQ(events[6].json()["delta"]["partial_json"], R"({"at":1})");
  EXPECT_EQ(events[7].json()["index"], 1);
  EXPECT_EQ(events[8].json()["delta"]["stop_reason"], "tool_use");
}

}  // namespace
}  // namespace axllama::api::chat
