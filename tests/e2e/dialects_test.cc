// OpenAI's and Anthropic's dialects through the whole program with the bundled model.
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/client.h"
#include "tests/support/api.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;

constexpr const char* kModel = "axllama-tiny";

class Dialects : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<testing::ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }
  static std::string url() { return server_->url(""); }

  /// The data of an event stream's records, in order.
  static std::vector<std::string> stream(const std::string& path, const json& body) {
    std::vector<std::string> records;
    http::Client client(url());
    http::ClientRequest request;
    request.method = "POST";
    request.path = path;
    request.body = body.dump();
    const http::ClientResponse response = client.stream(request, [&](std::string_view line) {
      if (line.starts_with("data: ")) {
        records.emplace_back(line.substr(6));
      }
      return true;
    });
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_THAT(response.content_type, HasSubstr("text/event-stream"));
    return records;
  }

  static inline std::unique_ptr<testing::ServerProcess> server_;
};

json messages(const std::string& text) {
  return json::array({json{{"role", "user"}, {"content", text}}});
}

TEST_F(Dialects, OpenAiChatSaysTheSameWholeAndStreamed) {
  json body{{"model", kModel}, {"temperature", 0}, {"messages", messages("What is 2+2?")}};
  const auto whole = post(url(), "/v1/chat/completions", body);
  ASSERT_EQ(whole.status, 200) << whole.body;
  const json& message = whole.json["choices"][0]["message"];
  EXPECT_THAT(message["content"].get<std::string>(), HasSubstr("4"));
  EXPECT_THAT(message["content"].get<std::string>(), Not(HasSubstr("think>")));
  EXPECT_GT(whole.json["usage"]["prompt_tokens"], 5);

  body["stream"] = true;
  body["stream_options"]["include_usage"] = true;
  const std::vector<std::string> records = stream("/v1/chat/completions", body);
  ASSERT_GT(records.size(), 3U);
  EXPECT_EQ(records.back(), "[DONE]");
  std::string content;
  std::string reasoning;
  for (std::size_t i = 0; i + 2 < records.size(); ++i) {
    const json delta = json::parse(records[i])["choices"][0]["delta"];
    content += delta.value("content", "");
    reasoning += delta.value("reasoning", "");
  }
  EXPECT_EQ(content, message["content"]);
  EXPECT_EQ(reasoning, message.value("reasoning", ""));
  const json usage = json::parse(records[records.size() - 2])["usage"];
  EXPECT_EQ(usage["completion_tokens"], whole.json["usage"]["completion_tokens"]);
  EXPECT_GT(usage["prompt_tokens_details"]["cached_tokens"], 0);  // the prompt was there a moment ago
}

TEST_F(Dialects, OpenAiCompletionOfTokensIsThatOfTheirText) {
  const auto tokens = post(url(), "/api/tokenize", {{"model", kModel}, {"text", "The capital of France is"}});
  ASSERT_EQ(tokens.status, 200) << tokens.body;
  json body{{"model", kModel}, {"temperature", 0}, {"max_tokens", 8}, {"raw", true}};
  body["prompt"] = json::array({"The capital of France is", tokens.json["tokens"]});
  const auto reply = post(url(), "/v1/completions", body);
  ASSERT_EQ(reply.status, 200) << reply.body;
  ASSERT_EQ(reply.json["choices"].size(), 2U);
  EXPECT_EQ(reply.json["choices"][0]["text"], reply.json["choices"][1]["text"]);
  EXPECT_LE(reply.json["usage"]["completion_tokens"], 16);
}

TEST_F(Dialects, OpenAiResponses) {
  const json body{
      {"model", kModel}, {"temperature", 0}, {"input", "The capital of France is"}, {"stream", true}};
  const std::vector<std::string> records = stream("/v1/responses", body);
  EXPECT_EQ(json::parse(records.front())["type"], "response.created");
  const json last = json::parse(records.back());
  EXPECT_EQ(last["type"], "response.completed");
  EXPECT_THAT(last["response"]["output"].back()["content"][0]["text"].get<std::string>(), HasSubstr("Paris"));
}

TEST_F(Dialects, AnthropicMessages) {
  json body{
      {"model", kModel}, {"max_tokens", 100}, {"temperature", 0}, {"messages", messages("What is 2+2?")}};
  const auto whole = post(url(), "/v1/messages", body);
  ASSERT_EQ(whole.status, 200) << whole.body;
  EXPECT_EQ(whole.json["stop_reason"], "end_turn");
  ASSERT_EQ(whole.json["content"].size(), 1U);
  EXPECT_THAT(whole.json["content"][0]["text"].get<std::string>(), HasSubstr("4"));

  body["stream"] = true;
  std::string text;
  const std::vector<std::string> records = stream("/v1/messages", body);
  for (const std::string& record : records) {
    const json event = json::parse(record);
    if (event["type"] == "content_block_delta") {
      text += event["delta"].value("text", "");
    }
  }
  EXPECT_EQ(text, whole.json["content"][0]["text"]);
  const json start = json::parse(records.front());
  const auto count = post(url(), "/v1/messages/count_tokens", body);
  EXPECT_EQ(start["message"]["usage"]["input_tokens"], count.json["input_tokens"]);
  EXPECT_EQ(json::parse(records.back())["type"], "message_stop");
}

TEST_F(Dialects, ErrorsHaveTheirDialectsShape) {
  const auto openai = testing::post_text(url(), "/v1/chat/completions", "{");
  EXPECT_EQ(openai.status, 400);
  EXPECT_EQ(openai.json["error"]["type"], "invalid_request_error");
  const auto anthropic =
      post(url(), "/v1/messages", {{"model", "nope"}, {"max_tokens", 1}, {"messages", messages("x")}});
  EXPECT_EQ(anthropic.status, 404);
  EXPECT_EQ(anthropic.json["error"]["type"], "not_found_error");
  const auto ollama = post(url(), "/api/chat", {{"model", "nope"}, {"messages", messages("x")}});
  EXPECT_EQ(ollama.status, 404);
  EXPECT_EQ(ollama.json["error"], "model 'nope' not found");
}

}  // namespace
}  // namespace axllama
