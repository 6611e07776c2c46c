#include "api/anthropic/anthropic_api.h"

#include <string>
#include <utility>
#include <vector>

#include "api/testing/dialect_test.h"
#include "base/error.h"

namespace axllama::api::anthropic {
namespace {

using http::testing::RawResponse;
using inference::FinishReason;
using ::testing::ElementsAre;
using testing::EventRecord;
using testing::events_of;
using testing::FakeRequest;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class AnthropicApiTest : public testing::DialectTest {
 protected:
  void add_routes(http::Router& router, const std::shared_ptr<chat::Core>& core) override {
    add_anthropic_routes(router, core);
  }
  /// Asks with these fields beside the model and a limit.
  std::string error(const std::string& fields, int status = 400,
                    const std::string& type = "invalid_request_error") {
    const Json reply =
        json_of(server().post("/v1/messages", R"({"model":"plain","max_tokens":9,)" + fields + "}"), status);
    EXPECT_EQ(reply["type"], "error");
    EXPECT_EQ(reply["error"]["type"], type);
    EXPECT_THAT(reply["request_id"].get<std::string>(), StartsWith("req_"));
    return reply["error"]["message"];
  }
};

Json messages_body(const std::string& model, const Json& content = "Hi") {
  Json body;
  body["model"] = model;
  body["max_tokens"] = 20;
  body["messages"] = Json::array({Json{{"role", "user"}, {"content", content}}});
  return body;
}

std::vector<std::string> names_of(const std::vector<EventRecord>& events) {
  std::vector<std::string> names;
  for (const EventRecord& event : events) {
    EXPECT_EQ(event.json()["type"], event.name);
    names.push_back(event.name);
  }
  return names;
}

TEST_F(AnthropicApiTest, AnswerAsOneObject) {
  const RawResponse response =
      server().call("POST", "/v1/messages?beta=true", to_json(messages_body("plain")),
                    "x-api-key: any\r\nanthropic-version: 2023-06-01\r\nanthropic-beta: x\r\n");
  const Json reply = json_of(response);
  EXPECT_THAT(reply["id"].get<std::string>(), MatchesRegex("msg_[0-9a-f]{24}"));
  EXPECT_EQ(reply["type"], "message");
  EXPECT_EQ(reply["role"], "assistant");
  EXPECT_EQ(reply["model"], "plain");
  EXPECT_EQ(to_json(reply["content"]), R"([{"type":"text","text":"Hello"}])");
  EXPECT_EQ(reply["stop_reason"], "end_turn");
  EXPECT_TRUE(reply["stop_sequence"].is_null());
  EXPECT_EQ(
      to_json(reply["usage"]),
      R"({"input_tokens":11,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":7})");
  EXPECT_EQ(prompt(), "[user]Hi\n[assistant]");
  EXPECT_EQ(submitted().generation.max_tokens, 20);
  EXPECT_EQ(submitted().generation.sampling.temperature, 0.8);  // the model's, not OpenAI's
}

TEST_F(AnthropicApiTest, StreamsEventsInOrder) {
  script({"Hel", "lo"}, FinishReason::kLength);
  Json body = messages_body("plain");
  body["stream"] = true;
  const RawResponse response = post("/v1/messages", body);
  EXPECT_EQ(*response.headers.find("Content-Type"), "text/event-stream");
  const std::vector<EventRecord> events = events_of(response.body);
  EXPECT_THAT(names_of(events),
              ElementsAre("message_start", "content_block_start", "ping", "content_block_delta",
                          "content_block_delta", "content_block_stop", "message_delta", "message_stop"));
  const Json message = events[0].json()["message"];
  EXPECT_EQ(message["content"], Json::array());
  EXPECT_TRUE(message["stop_reason"].is_null());
  EXPECT_EQ(message["usage"]["input_tokens"], 20);  // "[user]Hi\n[assistant]", a token per byte
  EXPECT_EQ(events[1].data,
            R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})");
  EXPECT_EQ(events[3].data,
            R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}})");
  EXPECT_EQ(events[5].data, R"({"type":"content_block_stop","index":0})");
  EXPECT_EQ(to_json(events[6].json()["delta"]), R"({"stop_reason":"max_tokens","stop_sequence":null})");
  EXPECT_EQ(events[6].json()["usage"]["output_tokens"], 7);
}

TEST_F(AnthropicApiTest, SaysWhichStopSequenceEndedTheAnswer) {
  const auto stopped_by = [this](const std::string& stop) {
    service_.on_submit = [stop](FakeRequest& request) {
      request.push_ready();
      request.push_text("one, ");
      request.push_done(FinishReason::kStop, "", stop);
    };
  };
  stopped_by("two");
  Json body = messages_body("plain");
  body["stop_sequences"] = {"three", "two"};
  const Json whole = reply("/v1/messages", body);
  EXPECT_EQ(whole["stop_reason"], "stop_sequence");
  EXPECT_EQ(whole["stop_sequence"], "two");
  body["stream"] = true;
  const std::vector<EventRecord> events = events_of(post("/v1/messages", body).body);
  EXPECT_EQ(to_json(events[5].json()["delta"]), R"({"stop_reason":"stop_sequence","stop_sequence":"two"})");
  stopped_by("the model's own");
  body.erase("stream");
  const Json turn = reply("/v1/messages", body);
  EXPECT_EQ(turn["stop_reason"], "end_turn");
  EXPECT_TRUE(turn["stop_sequence"].is_null());
}

TEST_F(AnthropicApiTest, ThoughtsAreABlockOfTheirOwn) {
  script({"<think>hm", "</think>Yes"});
  Json body = messages_body("thinker");
  body["thinking"] = {{"type", "enabled"}, {"budget_tokens", 1024}};
  EXPECT_EQ(to_json(reply("/v1/messages", body)["content"]),
            R"([{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"Yes"}])");
  body["stream"] = true;
  const std::vector<EventRecord> events = events_of(post("/v1/messages", body).body);
  EXPECT_THAT(names_of(events),
              ElementsAre("message_start", "content_block_start", "ping", "content_block_delta",
                          "content_block_delta", "content_block_stop", "content_block_start",
                          "content_block_delta", "content_block_stop", "message_delta", "message_stop"));
  EXPECT_EQ(events[3].json()["delta"]["thinking"], "hm");
  EXPECT_EQ(events[4].json()["delta"]["type"], "signature_delta");
  EXPECT_EQ(events[7].json()["index"], 1);
  // Unless asked for there are none; a model that cannot think is never an error.
  body.erase("thinking");
  post("/v1/messages", body);
  EXPECT_THAT(prompt(), ::testing::EndsWith("[assistant]<think></think>"));
  Json plain = messages_body("plain");
  plain["thinking"]["type"] = "enabled";
  EXPECT_EQ(post("/v1/messages", plain).status, 200);
}

TEST_F(AnthropicApiTest, BlocksBecomeAConversation) {
  const Json body = Json::parse(R"({"model":"thinker","max_tokens":9,
    "system":[{"type":"text","text":"Be "},{"type":"text","text":"brief.","cache_control":{"type":"ephemeral"}}],
    "messages":[
      {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"hologram"}]},
      {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":""},
        {"type":"text","text":"look"},{"type":"tool_use","id":"t1","name":"eye","input":{"at":1}}]},
      {"role":"user","content":[{"type":"text","text":"so?"},
        {"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"seen"}]}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"again"}]}]})");
  EXPECT_EQ(post("/v1/messages", body).status, 200);
  EXPECT_EQ(prompt(),
            "[system]Be brief.\n[user]ab\n[assistant]<think>hm</think>look{\"name\": \"eye\", \"arguments\": "
            "{\"at\":1}}\n[tool]seen\n[user]so?\n[tool]again\n"
            "[assistant]<think></think>");
}

TEST_F(AnthropicApiTest, OptionsReachTheEngine) {
  Json body = messages_body("plain");
  body.update(
      Json::parse(R"({"temperature":0.3,"top_p":0.7,"top_k":5,"stop_sequences":["a","b"],"metadata":{}})"));
  reply("/v1/messages", body);
  const inference::GenerationRequest& generation = submitted().generation;
  EXPECT_EQ(generation.sampling.temperature, 0.3);
  EXPECT_EQ(generation.sampling.top_p, 0.7);
  EXPECT_EQ(generation.sampling.top_k, 5);
  EXPECT_EQ(generation.stop, (std::vector<std::string>{"a", "b"}));
}

TEST_F(AnthropicApiTest, TheEffortReachesTheTemplate) {
  models_.add("levels", "{{ messages[-1].content }}|{{ reasoning_effort | default('none') }}|<think>", "");
  Json body = messages_body("levels");
  body["thinking"]["type"] = "enabled";
  body["output_config"]["effort"] = "low";
  EXPECT_EQ(post("/v1/messages", body).status, 200);
  EXPECT_THAT(prompt(), ::testing::HasSubstr("|low|"));
  body["output_config"]["effort"] = "xhigh";
  EXPECT_EQ(post("/v1/messages", body).status, 200);
  EXPECT_THAT(prompt(), ::testing::HasSubstr("|high|"));
  body["output_config"]["effort"] = "max";
  EXPECT_EQ(post("/v1/messages", body).status, 200);
  EXPECT_THAT(prompt(), ::testing::HasSubstr("|max|"));
  body["output_config"]["effort"] = "loud";
  EXPECT_EQ(post("/v1/messages", body).status, 400);
}

TEST_F(AnthropicApiTest, CountsTokens) {
  Json body = messages_body("plain");
  body.erase("max_tokens");
  body["system"] = "Be brief.";
  EXPECT_EQ(to_json(reply("/v1/messages/count_tokens", body)), R"({"input_tokens":38})");
  // However long: nothing is cut.
  body["messages"][0]["content"] = std::string(100'000, 'x');
  EXPECT_EQ(reply("/v1/messages/count_tokens", body)["input_tokens"], 100'036);
  EXPECT_EQ(service_.request_count(), 0U);
  EXPECT_EQ(json_of(post("/v1/messages/count_tokens", {{"model", "plain"}}), 400)["error"]["message"],
            "messages is required");
}

TEST_F(AnthropicApiTest, Errors) {
  const auto ask = [&](const Json& body, int status) {
    return json_of(post("/v1/messages", body), status)["error"];
  };
  EXPECT_EQ(ask({{"max_tokens", 1}}, 400)["message"], "model is required");
  EXPECT_EQ(ask({{"model", "plain"}}, 400)["message"], "max_tokens is required and must be positive");
  EXPECT_EQ(ask({{"model", "plain"}, {"max_tokens", 1}}, 400)["message"], "messages is required");
  const Json missing = ask(messages_body("nope"), 404);
  EXPECT_EQ(missing["type"], "not_found_error");
  EXPECT_EQ(missing["message"], "model 'nope' not found");
  EXPECT_EQ(error(R"("messages":[{"role":"user"}])"), "the field \"messages[0].content\" is missing");
  EXPECT_THAT(error(R"("messages":[{"role":"user","content":1}])"),
              HasSubstr("must be a string or an array"));
  const auto image = [&](const std::string& source) {
    return error(R"("messages":[{"role":"user","content":[{"type":"image","source":)" + source + "}]}]");
  };
  EXPECT_THAT(image(R"({"type":"url","url":"http://x"})"), StartsWith("image URLs are not"));
  EXPECT_THAT(image(R"({"type":"base64","media_type":"image/png","data":"xx"})"),
              HasSubstr("does not support vision"));
  const std::string user = R"("messages":[{"role":"user","content":"x"}],)";
  EXPECT_THAT(error(user + R"("thinking":{"type":"maybe"})"), HasSubstr("thinking.type"));
  EXPECT_THAT(error(user + R"("tool_choice":{"type":"tool"})"), HasSubstr("tool_choice.type"));
  EXPECT_THAT(error(user + R"("stop_sequences":[1])"), HasSubstr("stop_sequences"));
  service_.on_submit = [](FakeRequest& request) {
    request.push(base::Error(base::ErrorCode::kUnavailable, "there is no card"));
  };
  EXPECT_EQ(error(user + R"("stream":true)", 503, "overloaded_error"), "there is no card");
}

TEST_F(AnthropicApiTest, ErrorsWithinAStream) {
  service_.on_submit = [](FakeRequest& request) {
    request.push_ready();
    request.push_text("Hel");
    request.push(base::Error(base::ErrorCode::kDevice, "the card went offline"));
  };
  Json body = messages_body("plain");
  body["stream"] = true;
  const EventRecord last = events_of(post("/v1/messages", body).body).back();
  EXPECT_EQ(last.name, "error");
  EXPECT_EQ(last.json()["error"]["type"], "api_error");
  EXPECT_EQ(last.json()["error"]["message"], "the card went offline");
}

}  // namespace
}  // namespace axllama::api::anthropic
