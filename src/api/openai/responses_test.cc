#include <string>
#include <utility>
#include <vector>

#include <zstd.h>

#include "api/openai/openai_api.h"
#include "api/testing/dialect_test.h"
#include "base/error.h"

namespace axllama::api::openai {
namespace {

using http::testing::RawResponse;
using inference::FinishReason;
using ::testing::ElementsAre;
using testing::EventRecord;
using testing::events_of;
using testing::FakeRequest;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ResponsesTest : public testing::DialectTest {
 protected:
  void add_routes(http::Router& router, const std::shared_ptr<chat::Core>& core) override {
    add_openai_routes(router, core);
  }
  std::string error(const std::string& fields) {
    const RawResponse response = server().post("/v1/responses", R"({"model":"plain",)" + fields + "}");
    return json_of(response, 400)["error"]["message"];
  }
};

TEST_F(ResponsesTest, AnswerAsOneObject) {
  script({"<think>hm</think>Hello"});
  const Json reply = DialectTest::reply("/v1/responses", {{"model", "thinker"},
                                                          {"input", "Hi"},
                                                          {"instructions", "Be brief."},
                                                          {"max_output_tokens", 50},
                                                          {"metadata", {{"a", "b"}}}});
  EXPECT_EQ(prompt(), "[system]Be brief.\n[user]Hi\n[assistant]");
  EXPECT_EQ(submitted().generation.max_tokens, 50);
  EXPECT_EQ(submitted().generation.sampling.temperature, 1.0);
  EXPECT_EQ(submitted().generation.sampling.top_p, 0.9);
  EXPECT_THAT(reply["id"].get<std::string>(), StartsWith("resp_"));
  EXPECT_EQ(reply["object"], "response");
  EXPECT_EQ(reply["status"], "completed");
  EXPECT_EQ(reply["instructions"], "Be brief.");
  EXPECT_EQ(reply["metadata"]["a"], "b");
  EXPECT_EQ(reply["tool_choice"], "auto");
  EXPECT_TRUE(reply["error"].is_null());
  ASSERT_EQ(reply["output"].size(), 2U);
  EXPECT_EQ(reply["output"][0]["type"], "reasoning");
  EXPECT_EQ(to_json(reply["output"][0]["summary"]), R"([{"type":"summary_text","text":"hm"}])");
  EXPECT_EQ(reply["output"][0]["encrypted_content"], "hm");
  EXPECT_EQ(reply["output"][1]["role"], "assistant");
  EXPECT_EQ(to_json(reply["output"][1]["content"]),
            R"([{"type":"output_text","text":"Hello","annotations":[],"logprobs":[]}])");
  EXPECT_EQ(to_json(reply["usage"]),
            R"({"input_tokens":11,"input_tokens_details":{"cached_tokens":0},"output_tokens":7,)"
            R"("output_tokens_details":{"reasoning_tokens":0},"total_tokens":18})");
}

TEST_F(ResponsesTest, AnAnswerCutAtItsLimitIsIncomplete) {
  script({"Hel"}, FinishReason::kLength);
  const Json reply = DialectTest::reply("/v1/responses", {{"model", "plain"}, {"input", "Hi"}});
  EXPECT_EQ(reply["status"], "incomplete");
  EXPECT_EQ(reply["incomplete_details"]["reason"], "max_output_tokens");
}

TEST_F(ResponsesTest, StreamsEventsInOrder) {
  script({"<think>hm", "</think>Hel", "lo"});
  const RawResponse response =
      post("/v1/responses", {{"model", "thinker"}, {"input", "Hi"}, {"stream", true}});
  EXPECT_EQ(*response.headers.find("Content-Type"), "text/event-stream");
  const std::vector<EventRecord> events = events_of(response.body);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < events.size(); ++i) {
    names.push_back(events[i].name);
    EXPECT_EQ(events[i].json()["type"], events[i].name);
    EXPECT_EQ(events[i].json()["sequence_number"], i);
  }
  EXPECT_THAT(
      names,
      ElementsAre("response.created", "response.in_progress", "response.output_item.added",
                  "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
                  "response.reasoning_summary_text.done", "response.reasoning_summary_part.done",
                  "response.output_item.done", "response.output_item.added", "response.content_part.added",
                  "response.output_text.delta", "response.output_text.delta", "response.output_text.done",
                  "response.content_part.done", "response.output_item.done", "response.completed"));
  EXPECT_EQ(events[0].json()["response"]["status"], "in_progress");
  EXPECT_EQ(events[4].json()["delta"], "hm");
  EXPECT_EQ(events[4].json()["item_id"], events[2].json()["item"]["id"]);
  EXPECT_EQ(events[8].json()["output_index"], 1);
  EXPECT_EQ(events[8].json()["item"]["content"], Json::array());
  EXPECT_EQ(events[10].json()["delta"], "Hel");
  EXPECT_EQ(events[12].json()["text"], "Hello");
  const Json whole = events.back().json()["response"];
  EXPECT_EQ(whole["id"], events[0].json()["response"]["id"]);
  EXPECT_EQ(whole["output"][0], events[7].json()["item"]);
  EXPECT_EQ(whole["output"][1], events[14].json()["item"]);
  EXPECT_EQ(whole["usage"]["output_tokens"], 7);
}

TEST_F(ResponsesTest, AnEmptyAnswerIsAnEmptyMessage) {
  script({}, FinishReason::kLength);
  const RawResponse response = post("/v1/responses", {{"model", "plain"}, {"input", "Hi"}, {"stream", true}});
  const std::vector<EventRecord> events = events_of(response.body);
  EXPECT_EQ(events.back().name, "response.incomplete");
  EXPECT_EQ(events.back().json()["response"]["output"][0]["content"][0]["text"], "");
}

TEST_F(ResponsesTest, ErrorsWithinAStream) {
  service_.on_submit = [](FakeRequest& request) {
    request.push_ready();
    request.push_text("Hel");
    request.push(base::Error(base::ErrorCode::kDevice, "the card went offline"));
  };
  const RawResponse response = post("/v1/responses", {{"model", "plain"}, {"input", "Hi"}, {"stream", true}});
  const EventRecord last = events_of(response.body).back();
  EXPECT_EQ(last.name, "error");
  EXPECT_EQ(last.json()["message"], "the card went offline");
  EXPECT_EQ(last.json()["error"]["type"], "api_error");
}

TEST_F(ResponsesTest, InputItemsBecomeAConversation) {
  reply("/v1/responses", Json::parse(R"({"model":"thinker","input":[
    {"role":"developer","content":"Be brief."},
    {"type":"message","role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},
    {"type":"reasoning","summary":[],"encrypted_content":"hm"},
    {"type":"function_call","call_id":"c1","name":"look","arguments":"{}"},
    {"type":"message","role":"assistant","content":[{"type":"output_text","text":"wait"}]},
    {"type":"function_call_output","call_id":"c1","output":"seen"},
    {"type":"web_search_call"},
    {"role":"user","content":"c"}]})"));
  EXPECT_EQ(prompt(),
            "[system]Be brief.\n[user]a\nb\n[assistant]<think>hm</think>wait{\"name\": \"look\", "
            "\"arguments\": {}}\n[tool]seen\n[user]c\n[assistant]");
}

TEST_F(ResponsesTest, CompressedBodiesAreRead) {
  const std::string body = R"({"model":"plain","input":"Hi"})";
  std::string compressed(ZSTD_compressBound(body.size()), '\0');
  compressed.resize(ZSTD_compress(compressed.data(), compressed.size(), body.data(), body.size(), 3));
  EXPECT_EQ(server().call("POST", "/v1/responses", compressed, "Content-Encoding: zstd\r\n").status, 200);
  EXPECT_EQ(prompt(), "[user]Hi\n[assistant]");
  EXPECT_EQ(server().call("POST", "/v1/responses", compressed, "Content-Encoding: br\r\n").status, 400);
}

TEST_F(ResponsesTest, Errors) {
  EXPECT_EQ(error(R"("stream":false)"), "input is required");
  EXPECT_THAT(error(R"("input":[])"), HasSubstr("at least one item"));
  EXPECT_THAT(error(R"("input":[{"type":"web_search_call"}])"), HasSubstr("no message"));
  EXPECT_EQ(error(R"("input":[{"role":"user","content":"x"},{"type":"teleport"}])"),
            "input[1]: unknown input item type: \"teleport\"");
  EXPECT_EQ(error(R"("input":[{"role":"user","content":[{"type":"input_file"}]}])"),
            "file inputs are not currently supported");
  EXPECT_THAT(
      error(
          R"("input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,x"}]}])"),
      HasSubstr("does not support vision"));
  EXPECT_EQ(error(R"("input":"x","reasoning":{"effort":"high"})"), "\"plain\" does not support thinking");
  EXPECT_THAT(error(R"("input":"x","text":{"format":{"type":"json_schema"}})"),
              HasSubstr("text.format.schema"));
}

}  // namespace
}  // namespace axllama::api::openai
