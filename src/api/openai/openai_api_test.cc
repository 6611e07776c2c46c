#include "api/openai/openai_api.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/testing/dialect_test.h"
#include "base/error.h"

namespace axllama::api::openai {
namespace {

using http::testing::RawResponse;
using inference::FinishReason;
using testing::accepts;
using testing::EventRecord;
using testing::events_of;
using testing::FakeRequest;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class OpenAiApiTest : public testing::DialectTest {
 protected:
  void add_routes(http::Router& router, const std::shared_ptr<chat::Core>& core) override {
    add_openai_routes(router, core);
  }

  std::string error(const std::string& path, const std::string& body, int status,
                    const std::string& type = "invalid_request_error") {
    const Json reply = json_of(server().post(path, body), status);
    EXPECT_EQ(reply["error"]["type"], type);
    EXPECT_TRUE(reply["error"]["param"].is_null());
    EXPECT_TRUE(reply["error"]["code"].is_null());
    return reply["error"]["message"];
  }
  std::string chat_error(const std::string& fields) {
    return error("/v1/chat/completions", R"({"model":"plain",)" + fields + "}", 400);
  }
};

Json chat_body(const std::string& model, const Json& content = "Hi") {
  Json body;
  body["model"] = model;
  body["messages"] = Json::array({Json{{"role", "user"}, {"content", content}}});
  return body;
}

/// The chunks of a stream without its [DONE].
std::vector<Json> chunks_of(const RawResponse& response) {
  EXPECT_EQ(*response.headers.find("Content-Type"), "text/event-stream");
  EXPECT_EQ(*response.headers.find("Cache-Control"), "no-cache");
  std::vector<EventRecord> events = events_of(response.body);
  EXPECT_EQ(events.back().data, "[DONE]");
  events.pop_back();
  std::vector<Json> chunks;
  for (const EventRecord& event : events) {
    chunks.push_back(event.json());
  }
  return chunks;
}

// ---- Chat completions

TEST_F(OpenAiApiTest, ChatAsOneObject) {
  const Json reply = OpenAiApiTest::reply("/v1/chat/completions", chat_body("plain"));
  EXPECT_THAT(reply["id"].get<std::string>(), StartsWith("chatcmpl-"));
  EXPECT_EQ(reply["object"], "chat.completion");
  EXPECT_EQ(reply["model"], "plain");
  EXPECT_GT(reply["created"].get<std::int64_t>(), 1'700'000'000);
  EXPECT_EQ(to_json(reply["choices"]),
            R"([{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}])");
  EXPECT_EQ(to_json(reply["usage"]), R"({"prompt_tokens":11,"completion_tokens":7,"total_tokens":18,)"
                                     R"("prompt_tokens_details":{"cached_tokens":0}})");
  EXPECT_EQ(prompt(), "[user]Hi\n[assistant]");
  // OpenAI's defaults, not Ollama's.
  EXPECT_EQ(submitted().generation.sampling.temperature, 1.0);
  EXPECT_EQ(submitted().generation.sampling.top_p, 1.0);
  EXPECT_FALSE(submitted().keep_alive);
}

TEST_F(OpenAiApiTest, ChatStreamsChunksInOpenAisOrder) {
  Json body = chat_body("thinker");
  body["stream"] = true;
  body["stream_options"]["include_usage"] = true;
  script({"<think>hm", "</think>", "Hel", "lo"});
  const std::vector<Json> chunks = chunks_of(post("/v1/chat/completions", body));
  ASSERT_EQ(chunks.size(), 5U);
  EXPECT_EQ(
      to_json(chunks[0]["choices"]),
      R"([{"index":0,"delta":{"role":"assistant","content":"","reasoning":"hm"},"finish_reason":null}])");
  EXPECT_EQ(to_json(chunks[1]["choices"]), R"([{"index":0,"delta":{"content":"Hel"},"finish_reason":null}])");
  EXPECT_EQ(to_json(chunks[2]["choices"]), R"([{"index":0,"delta":{"content":"lo"},"finish_reason":null}])");
  EXPECT_EQ(to_json(chunks[3]["choices"]), R"([{"index":0,"delta":{},"finish_reason":"stop"}])");
  EXPECT_EQ(chunks[4]["choices"], Json::array());
  EXPECT_EQ(chunks[4]["usage"]["total_tokens"], 18);
  for (const Json& chunk : chunks) {
    EXPECT_EQ(chunk["id"], chunks[0]["id"]);
    EXPECT_EQ(chunk["created"], chunks[0]["created"]);
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    EXPECT_EQ(chunk["model"], "thinker");
  }
}

TEST_F(OpenAiApiTest, AnEmptyAnswerStillHasARoleAndAnEnd) {
  Json body = chat_body("plain");
  body["stream"] = true;
  script({}, FinishReason::kLength);
  const std::vector<Json> chunks = chunks_of(post("/v1/chat/completions", body));
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_EQ(to_json(chunks[0]["choices"][0]["delta"]), R"({"role":"assistant","content":""})");
  EXPECT_EQ(chunks[1]["choices"][0]["finish_reason"], "length");
  EXPECT_FALSE(chunks[1].contains("usage"));
}

TEST_F(OpenAiApiTest, SeveralAnswersOneAfterTheOther) {
  Json body = chat_body("plain");
  body["n"] = 3;
  body["seed"] = 40;
  const Json reply = OpenAiApiTest::reply("/v1/chat/completions", body);
  ASSERT_EQ(reply["choices"].size(), 3U);
  EXPECT_EQ(reply["choices"][2]["index"], 2);
  EXPECT_EQ(reply["choices"][2]["message"]["content"], "Hello");
  EXPECT_EQ(reply["usage"]["prompt_tokens"], 11);
  EXPECT_EQ(reply["usage"]["completion_tokens"], 21);
  EXPECT_EQ(service_.request_count(), 3U);
  EXPECT_EQ(submitted().generation.sampling.seed, 42U);  // each answer is another one

  body["stream"] = true;
  const std::vector<Json> chunks = chunks_of(post("/v1/chat/completions", body));
  ASSERT_EQ(chunks.size(), 9U);
  EXPECT_EQ(to_json(chunks[3]["choices"][0]),
            R"({"index":1,"delta":{"role":"assistant","content":"Hel"},"finish_reason":null})");
  EXPECT_EQ(to_json(chunks[8]["choices"][0]), R"({"index":2,"delta":{},"finish_reason":"stop"})");
  EXPECT_THAT(chat_error(R"("n":0,"messages":[{"role":"user","content":"x"}])"), HasSubstr("0 answers"));
  EXPECT_THAT(chat_error(R"("n":129,"messages":[{"role":"user","content":"x"}])"),
              HasSubstr("between 1 and 128"));
}

TEST_F(OpenAiApiTest, OptionsReachTheEngine) {
  Json body = chat_body("plain");
  body.update(Json::parse(R"({"temperature":0.3,"top_p":0.7,"frequency_penalty":0.5,"presence_penalty":0.25,
    "seed":7,"stop":["a",1,"b"],"max_tokens":5,"max_completion_tokens":9,"logprobs":true,"top_logprobs":3,
    "user":"me","logit_bias":{},"parallel_tool_calls":false,"service_tier":"auto"})"));
  reply("/v1/chat/completions", body);
  const inference::GenerationRequest& generation = submitted().generation;
  EXPECT_EQ(generation.sampling.temperature, 0.3);
  EXPECT_EQ(generation.sampling.top_p, 0.7);
  EXPECT_EQ(generation.sampling.frequency_penalty, 0.5);
  EXPECT_EQ(generation.sampling.presence_penalty, 0.25);
  EXPECT_EQ(generation.sampling.seed, 7U);
  EXPECT_EQ(generation.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(generation.max_tokens, 9);
  EXPECT_EQ(generation.top_logprobs, 3);
  body["stop"] = "end";
  body.erase("max_completion_tokens");
  reply("/v1/chat/completions", body);
  EXPECT_EQ(submitted().generation.stop, std::vector<std::string>{"end"});
  EXPECT_EQ(submitted().generation.max_tokens, 5);
}

TEST_F(OpenAiApiTest, MessagesInEveryForm) {
  const Json body = Json::parse(R"({"model":"plain","messages":[
    {"role":"developer","content":"Be brief."},
    {"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
      "function":{"name":"look","arguments":"{\"at\":1}"}}]},
    {"role":"tool","tool_call_id":"c1","content":"seen"}]})");
  reply("/v1/chat/completions", body);
  EXPECT_EQ(prompt(),
            "[system]Be brief.\n[user]one\ntwo\n[assistant]{\"name\": \"look\", \"arguments\": "
            "{\"at\":1}}\n[tool]seen\n[assistant]");
  // Thoughts come back with the messages.
  reply("/v1/chat/completions", Json::parse(R"({"model":"thinker","messages":[{"role":"user","content":"a"},
    {"role":"assistant","content":"b","reasoning":"hm"},{"role":"user","content":"c"}]})"));
  EXPECT_EQ(prompt(), "[user]a\n[assistant]<think>hm</think>b\n[user]c\n[assistant]");
}

TEST_F(OpenAiApiTest, ReasoningIsSwitchedByItsEffort) {
  Json body = chat_body("thinker");
  body["reasoning_effort"] = "none";
  reply("/v1/chat/completions", body);
  EXPECT_THAT(prompt(), ::testing::EndsWith("[assistant]<think></think>"));
  body["reasoning"]["effort"] = "high";
  script({"<think>hm</think>Yes"});
  const Json message = reply("/v1/chat/completions", body)["choices"][0]["message"];
  EXPECT_EQ(message["reasoning"], "hm");
  EXPECT_EQ(message["content"], "Yes");
  EXPECT_EQ(chat_error(R"("reasoning_effort":"low","messages":[{"role":"user","content":"x"}])"),
            "\"plain\" does not support thinking");
  EXPECT_THAT(chat_error(R"("reasoning_effort":"loud","messages":[{"role":"user","content":"x"}])"),
              StartsWith("invalid reasoning value: \"loud\" (must be "));
}

TEST_F(OpenAiApiTest, LogprobsComeInOpenAisForm) {
  service_.on_submit = [](FakeRequest& request) {
    inference::TokenEvent event;
    event.text = "a";
    event.logprobs = {{5, "a", -0.5, {{6, "b", -1.5, {}}}}};
    request.push(event);
    request.push_done();
  };
  Json body = chat_body("plain");
  body["logprobs"] = true;
  const std::string expected =
      R"({"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-1.5,"bytes":[98]}]}]})";
  EXPECT_EQ(to_json(reply("/v1/chat/completions", body)["choices"][0]["logprobs"]), expected);
  body["stream"] = true;
  EXPECT_EQ(to_json(chunks_of(post("/v1/chat/completions", body))[0]["choices"][0]["logprobs"]), expected);
  EXPECT_EQ(chat_error(R"("top_logprobs":21,"messages":[{"role":"user","content":"x"}])"),
            "top_logprobs must be between 0 and 20");
}

TEST_F(OpenAiApiTest, ChatErrors) {
  EXPECT_EQ(error("/v1/chat/completions", "", 400), "missing request body");
  EXPECT_EQ(error("/v1/chat/completions", R"({"messages":[{"role":"user","content":"x"}]})", 400),
            "model is required");
  EXPECT_EQ(error("/v1/chat/completions", R"({"model":"nope","messages":[{"role":"user","content":"x"}]})",
                  404, "not_found_error"),
            "model 'nope' not found");
  EXPECT_EQ(chat_error(R"("messages":[])"), "[] is too short - 'messages'");
  EXPECT_EQ(chat_error(R"("messages":[{"role":"user"}])"), "invalid message content type: <nil>");
  EXPECT_EQ(chat_error(R"("messages":[{"content":"x"}])"), "the field \"messages[0].role\" is missing");
  EXPECT_EQ(chat_error(R"("messages":[{"role":"user","content":[{"type":"video"}]}])"),
            "the field \"messages[0].content[0].type\" must be \"text\" or \"image_url\", not \"video\"");
  EXPECT_EQ(
      chat_error(
          R"("messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"["}}]}])"),
      "invalid tool call arguments");
  const std::string user = R"("messages":[{"role":"user","content":"x"}],)";
  EXPECT_THAT(chat_error(user + R"("stop":1)"), HasSubstr("\"stop\""));
  EXPECT_THAT(chat_error(user + R"("temperature":"hot")"), HasSubstr("\"temperature\" must be a number"));
  EXPECT_THAT(chat_error(user + R"("tool_choice":"maybe")"), HasSubstr("\"tool_choice\""));
  EXPECT_THAT(chat_error(user + R"("response_format":{"type":"json_schema"})"),
              HasSubstr("response_format.json_schema.schema"));
}

/// A way to ask for the form of an answer, an answer that has it, and one that has not.
struct AskedForm {
  const char* fields;
  const char* good;
  const char* bad;
};

constexpr AskedForm kAskedForms[] = {
    {R"({"response_format":{"type":"json_object"}})", R"({"a":1})", "a"},
    {R"({"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"integer"}}}})", "12", "a"},
    {R"({"response_format":{"type":"text"},"grammar":"root ::= \"a\" root?"})", "aa", "b"},
    {R"({"json_schema":{"enum":[1,2]}})", "2", "3"},
    {R"({"guided_json":{"type":"integer"}})", "12", "a"},
    {R"({"guided_json":"{\"type\":\"boolean\"}"})", "true", "1"},
    {R"({"guided_regex":"[ab]c","guided_choice":null,"guided_grammar":""})", "bc", "c"},
    {R"({"guided_choice":["red","green"]})", "green", "blue"},
    {R"({"guided_grammar":"root ::= [0-9]+"})", "01", ""},
    {R"({"structured_outputs":{"json":{"type":"null"}}})", "null", "0"},
    {R"({"structured_outputs":{"json":"{\"type\":\"null\"}"}})", "null", "0"},
    {R"({"structured_outputs":{"regex":"a{2}"}})", "aa", "a"},
    {R"({"structured_outputs":{"choice":["red","green"],"json_object":false}})", "red", "re"},
    {R"({"structured_outputs":{"grammar":"root ::= \"x\""}})", "x", "y"},
    {R"({"structured_outputs":{"json_object":true}})", "[]", "a"},
};

TEST_F(OpenAiApiTest, EveryWayToAskForAFormBecomesAConstraint) {
  for (const AskedForm& form : kAskedForms) {
    Json chat = chat_body("plain");
    Json completion{{"model", "plain"}, {"prompt", "x"}};
    for (const auto& [path, body] :
         {std::pair("/v1/chat/completions", &chat), std::pair("/v1/completions", &completion)}) {
      body->update(Json::parse(form.fields));
      ASSERT_EQ(post(path, *body).status, 200) << form.fields;
      ASSERT_NE(submitted().generation.constraint, nullptr) << path << form.fields;
      EXPECT_TRUE(accepts(*submitted().generation.constraint, form.good)) << path << form.fields;
      EXPECT_FALSE(accepts(*submitted().generation.constraint, form.bad)) << path << form.fields;
    }
  }
}

TEST_F(OpenAiApiTest, AFormMayFollowThoughts) {
  Json body = chat_body("thinker");
  body["guided_choice"] = Json::array({"yes", "no"});
  reply("/v1/chat/completions", body);
  EXPECT_TRUE(accepts(*submitted().generation.constraint, "<think>hm</think>no"));
  body["reasoning_effort"] = "none";
  reply("/v1/chat/completions", body);
  EXPECT_FALSE(accepts(*submitted().generation.constraint, "<think>hm</think>no"));
  EXPECT_TRUE(accepts(*submitted().generation.constraint, "no"));
}

TEST_F(OpenAiApiTest, BadFormsAreRefusedBeforeAnythingIsGenerated) {
  const auto message = [&](const std::string& fields) {
    const std::string chat = chat_error(R"("messages":[{"role":"user","content":"x"}],)" + fields);
    EXPECT_EQ(error("/v1/completions", R"({"model":"plain","prompt":"x",)" + fields + "}", 400), chat);
    return chat;
  };
  const auto both = [](const std::string& first, const std::string& second) {
    return "the fields \"" + first + "\" and \"" + second +
           "\" both say what the answer must look like; only one of them may";
  };
  EXPECT_EQ(message(R"("guided_regex":"a","response_format":{"type":"json_object"})"),
            both("response_format", "guided_regex"));
  EXPECT_EQ(message(R"("grammar":"root ::= \"a\"","json_schema":{})"), both("grammar", "json_schema"));
  EXPECT_EQ(message(R"("structured_outputs":{"regex":"a"},"guided_choice":["a"])"),
            both("structured_outputs.regex", "guided_choice"));
  EXPECT_EQ(message(R"("structured_outputs":{"regex":"a","choice":["a"]})"),
            both("structured_outputs.regex", "structured_outputs.choice"));
  EXPECT_EQ(message(R"("guided_json":"[")"),
            "the field \"guided_json\" must be a JSON Schema object or the text of one");
  EXPECT_THAT(message(R"("guided_json":[])"), HasSubstr("\"guided_json\" must be an object"));
  EXPECT_EQ(message(R"("guided_json":{"not":{}})"), R"(The schema's keyword "not" at "#" is not supported.)");
  EXPECT_EQ(message(R"("guided_grammar":"x ::= y")"),
            "The grammar is wrong in line 1: the rule 'root' is missing.");
  EXPECT_EQ(message(R"("structured_outputs":{"regex":"\\b"})"),
            "The pattern is not supported at character 2: '\\b' is not supported.");
  EXPECT_EQ(message(R"("guided_choice":[])"), "A list of choices must not be empty.");
  EXPECT_THAT(message(R"("structured_outputs":{"choice":"a"})"),
              HasSubstr("\"structured_outputs.choice\" must be an array"));
  EXPECT_EQ(
      message(R"("structured_outputs":{"structural_tag":"{}"})"),
      "the field \"structured_outputs\" must hold one of \"json\", \"regex\", \"choice\", \"grammar\" and "
      "\"json_object\"");
  EXPECT_EQ(service_.request_count(), 0U);
}

TEST_F(OpenAiApiTest, PicturesAreRefusedInAClearWay) {
  const auto ask = [&](const std::string& url) {
    return chat_error(R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":)" + url +
                      "}]}]");
  };
  EXPECT_EQ(ask(R"({"url":"https://example.org/x.png"})"),
            "image URLs are not currently supported, please use base64 encoded data instead");
  EXPECT_EQ(ask(R"({"url":"data:image/gif;base64,xx"})"), "invalid image input");
  EXPECT_EQ(ask(R"("data:image/png;base64,xx")"),
            "\"plain\" does not support vision; send the request without images");
}

TEST_F(OpenAiApiTest, ErrorsBeforeAndWithinAStream) {
  Json body = chat_body("plain");
  body["stream"] = true;
  service_.on_submit = [](FakeRequest& request) {
    request.push_ready();
    request.push(base::Error(base::ErrorCode::kResourceExhausted, "there is no room"));
  };
  const RawResponse early = post("/v1/chat/completions", body);
  EXPECT_EQ(early.status, 503);
  EXPECT_EQ(*early.headers.find("Retry-After"), "5");
  EXPECT_EQ(json_of(early, 503)["error"]["type"], "api_error");

  service_.on_submit = [](FakeRequest& request) {
    request.push_text("Hel");
    request.push(base::Error(base::ErrorCode::kDevice, "the card went offline"));
  };
  const RawResponse late = post("/v1/chat/completions", body);
  EXPECT_EQ(late.status, 200);
  const std::vector<EventRecord> events = events_of(late.body);
  ASSERT_EQ(events.size(), 2U);  // and no [DONE]
  EXPECT_EQ(events[1].json()["error"]["message"], "the card went offline");
}

// ---- Completions

TEST_F(OpenAiApiTest, CompletionAsOneObject) {
  const Json reply =
      OpenAiApiTest::reply("/v1/completions", {{"model", "thinker"}, {"prompt", "Hi"}, {"max_tokens", 3}});
  EXPECT_THAT(reply["id"].get<std::string>(), StartsWith("cmpl-"));
  EXPECT_EQ(reply["object"], "text_completion");
  EXPECT_EQ(to_json(reply["choices"]),
            R"([{"text":"Hello","index":0,"logprobs":null,"finish_reason":"stop"}])");
  EXPECT_EQ(reply["usage"]["total_tokens"], 18);
  EXPECT_EQ(prompt(), "[user]Hi\n[assistant]<think></think>");
  EXPECT_EQ(submitted().generation.max_tokens, 3);
}

TEST_F(OpenAiApiTest, CompletionsOfSeveralPrompts) {
  Json body{{"model", "plain"}, {"n", 2}, {"echo", true}, {"raw", true}};
  body["prompt"] = Json::array({"A", Json::array({66, 67})});
  const Json reply = OpenAiApiTest::reply("/v1/completions", body);
  ASSERT_EQ(reply["choices"].size(), 4U);
  EXPECT_EQ(reply["choices"][1]["text"], "AHello");
  EXPECT_EQ(reply["choices"][3]["text"], "BCHello");
  EXPECT_EQ(reply["choices"][3]["index"], 3);
  EXPECT_EQ(reply["usage"]["prompt_tokens"], 22);
  EXPECT_EQ(prompt(), "BC");
}

TEST_F(OpenAiApiTest, CompletionsStream) {
  Json body{{"model", "plain"}, {"prompt", "A"}, {"raw", true}, {"echo", true}, {"stream", true}};
  body["stream_options"]["include_usage"] = true;
  const std::vector<Json> chunks = chunks_of(post("/v1/completions", body));
  ASSERT_EQ(chunks.size(), 5U);
  EXPECT_EQ(chunks[0]["choices"][0]["text"], "A");
  EXPECT_EQ(chunks[1]["choices"][0]["text"], "Hel");
  EXPECT_TRUE(chunks[1]["choices"][0]["finish_reason"].is_null());
  EXPECT_EQ(to_json(chunks[3]["choices"][0]),
            R"({"text":"","index":0,"logprobs":null,"finish_reason":"stop"})");
  EXPECT_EQ(chunks[4]["choices"], Json::array());
  EXPECT_EQ(chunks[4]["usage"]["completion_tokens"], 7);
}

TEST_F(OpenAiApiTest, CompletionLogprobs) {
  service_.on_submit = [](FakeRequest& request) {
    inference::TokenEvent event;
    event.text = "\xc3\xa9z";
    event.logprobs = {{5, "\xc3\xa9", -0.5, {{6, "b", -1.5, {}}}}, {7, "z", -2.0, {}}};
    request.push(event);
    request.push_done();
  };
  const Json reply =
      OpenAiApiTest::reply("/v1/completions", {{"model", "plain"}, {"prompt", "A"}, {"logprobs", 1}});
  EXPECT_EQ(
      to_json(reply["choices"][0]["logprobs"]),
      R"({"tokens":["é","z"],"token_logprobs":[-0.5,-2.0],"top_logprobs":[{"b":-1.5},{}],"text_offset":[0,1]})");
}

TEST_F(OpenAiApiTest, CompletionErrors) {
  const auto ask = [&](const std::string& fields) {
    return error("/v1/completions", R"({"model":"plain",)" + fields + "}", 400);
  };
  EXPECT_EQ(ask(R"("prompt":"a","suffix":"b")"),
            "registry.ollama.ai/library/plain:latest does not support insert");
  EXPECT_THAT(ask(R"("prompt":[])"), HasSubstr("0 prompts"));
  EXPECT_THAT(ask(R"("prompt":{})"), HasSubstr("\"prompt\""));
  EXPECT_THAT(ask(R"("prompt":["a",[]])"), HasSubstr("\"prompt\""));
  EXPECT_THAT(ask(R"("prompt":[1,99999])"), HasSubstr("token 99999"));
  EXPECT_THAT(ask(R"("prompt":["a","b"],"n":65)"), HasSubstr("65 answers to 2 prompts"));
  EXPECT_THAT(ask(R"("prompt":"a","logprobs":99)"), HasSubstr("logprobs"));
}

// ---- Models

TEST_F(OpenAiApiTest, NoModelListens) {
  const auto transcribe = [this](const std::string& model, int status, const std::string& type) {
    const std::string form = model.empty() ? "--b--"
                                           : "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n" +
                                                 model + "\r\n--b--\r\n";
    return error("/v1/audio/transcriptions", form, status, type);
  };
  EXPECT_EQ(transcribe("", 400, "invalid_request_error"), "model is required");
  EXPECT_EQ(transcribe("nope", 404, "not_found_error"), "model 'nope' not found");
  EXPECT_EQ(transcribe("plain", 400, "invalid_request_error"), "\"plain\" does not support audio");
}

TEST_F(OpenAiApiTest, ModelsAreListedAndFound) {
  const Json list = json_of(server().call("GET", "/v1/models"));
  EXPECT_EQ(list["object"], "list");
  ASSERT_EQ(list["data"].size(), 4U);
  for (const Json& model : list["data"]) {
    EXPECT_EQ(model["object"], "model");
    EXPECT_EQ(model["owned_by"], "library");
    EXPECT_GT(model["created"].get<std::int64_t>(), 1'700'000'000);
    EXPECT_EQ(json_of(server().call("GET", "/v1/models/" + model["id"].get<std::string>())), model);
  }
  EXPECT_EQ(json_of(server().call("GET", "/v1/models/plain"))["id"], "plain:latest");
  EXPECT_EQ(json_of(server().call("GET", "/v1/models/me/nope"), 404)["error"]["message"],
            "model 'me/nope' not found");
  std::filesystem::remove_all(models_.path());
  EXPECT_EQ(server().call("GET", "/v1/models").body, R"({"object":"list","data":[]})");
}

}  // namespace
}  // namespace axllama::api::openai
