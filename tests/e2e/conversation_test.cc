// The four reference prompts, and the records around them, through every route that answers.
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::post;
using testing::post_stream;

constexpr const char* kModel = "axllama-tiny";
const json kGreedy{{"temperature", 0}};

struct ReferencePrompt {
  const char* name;
  const char* text;
};

void PrintTo(const ReferencePrompt& prompt, std::ostream* out) {
  *out << prompt.text;
}

constexpr ReferencePrompt kReferencePrompts[] = {
    {"Sum", "What is 2+2?"},
    {"Capital", "The capital of France is"},
    {"Haiku", "Write a haiku about artificial intelligence:"},
    {"Greeting", "Hello!"},
};

/// What a correct answer looks like, in the model's own words.
void expect_good_answer(const ReferencePrompt& prompt, const std::string& answer) {
  const std::string name = prompt.name;
  if (name == "Sum") {
    EXPECT_THAT(answer, HasSubstr("4"));
  } else if (name == "Capital") {
    EXPECT_THAT(answer, HasSubstr("Paris"));
  } else if (name == "Greeting") {
    EXPECT_THAT(answer, AnyOf(HasSubstr("ello"), HasSubstr("Hi")));
  } else {
    EXPECT_THAT(answer, MatchesRegex("\\s*[a-zA-Z ,]+\n[a-zA-Z ,]+\n[a-zA-Z ,.]+\\s*"))
        << "a haiku has three lines";
  }
  EXPECT_THAT(answer, Not(HasSubstr("<|")));
}

class Conversation : public ::testing::TestWithParam<ReferencePrompt> {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<testing::ServerProcess>(
        std::vector<std::string>{"--sidecar-host", "127.0.0.1:0", "--sidecar-port-file", port_file()});
    std::ifstream(port_file()) >> sidecar_port_;
  }
  static void TearDownTestSuite() { server_.reset(); }

  static std::string port_file() { return (folder_.path() / "sidecar-port").string(); }
  static std::string url() { return server_->url(""); }
  static std::string sidecar_url() { return "http://127.0.0.1:" + std::to_string(sidecar_port_); }

  static inline testing::TemporaryFolder folder_;
  static inline std::unique_ptr<testing::ServerProcess> server_;
  static inline int sidecar_port_ = 0;
};

TEST_P(Conversation, Chat) {
  const auto reply = post(url(), "/api/chat",
                          {{"model", kModel},
                           {"stream", false},
                           {"think", false},
                           {"options", kGreedy},
                           {"messages", {{{"role", "user"}, {"content", GetParam().text}}}}});
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json["message"]["role"], "assistant");
  EXPECT_EQ(reply.json["done_reason"], "stop");
  expect_good_answer(GetParam(), reply.json["message"]["content"]);
}

TEST_P(Conversation, ChatWithThinking) {
  const auto reply = post(url(), "/api/chat",
                          {{"model", kModel},
                           {"stream", false},
                           {"think", true},
                           {"options", kGreedy},
                           {"messages", {{{"role", "user"}, {"content", GetParam().text}}}}});
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(reply.json["message"]["content"].get<std::string>(), Not(HasSubstr("think>")));
  expect_good_answer(GetParam(), reply.json["message"]["content"]);
}

TEST_P(Conversation, GenerateStreamsTheSameTextAsItGivesWhole) {
  json request{{"model", kModel}, {"prompt", GetParam().text}, {"options", kGreedy}, {"think", false}};
  const auto records = post_stream(url(), "/api/generate", request);
  std::string streamed;
  for (const json& record : records) {
    EXPECT_EQ(record.at("model"), kModel);
    EXPECT_THAT(record.at("created_at").get<std::string>(), MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:.]+Z"));
    EXPECT_EQ(record.at("done").get<bool>(), &record == &records.back());
    streamed += record.at("response").get<std::string>();
  }
  for (const char* key : {"total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration",
                          "eval_count", "eval_duration"}) {
    EXPECT_GT(records.back().at(key).get<std::int64_t>(), 0) << key;
  }
  EXPECT_FALSE(records.back().at("context").empty());
  request["stream"] = false;
  const auto whole = post(url(), "/api/generate", request);
  ASSERT_EQ(whole.status, 200) << whole.body;
  EXPECT_EQ(whole.json["response"], streamed);
  expect_good_answer(GetParam(), streamed);
}

TEST_P(Conversation, SidecarCompletes) {
  const auto reply = post(sidecar_url(), "/generate", {{"prompt", GetParam().text}, {"temperature", 0}});
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json["done_reason"], "stop");
  EXPECT_GT(reply.json["tokens"].get<int>(), 0);
  EXPECT_FALSE(reply.json["request_id"].get<std::string>().empty());
  expect_good_answer(GetParam(), reply.json["text"]);
}

INSTANTIATE_TEST_SUITE_P(ReferencePrompts, Conversation, ::testing::ValuesIn(kReferencePrompts),
                         [](const auto& parameter) { return parameter.param.name; });

class Sidecar : public Conversation {};

TEST_F(Sidecar, StreamsChunksAndALastRecord) {
  const auto records = post_stream(
      sidecar_url(), "/generate",
      {{"prompt", "The capital of France is"}, {"temperature", 0}, {"stream", true}, {"request_id", "r1"}});
  ASSERT_GE(records.size(), 2U);
  std::string text;
  for (const json& record : records) text += record.at("text").get<std::string>();
  EXPECT_THAT(text, HasSubstr("Paris"));
  EXPECT_EQ(records.back().at("done"), true);
  EXPECT_EQ(records.back().at("request_id"), "r1");
}

TEST_F(Sidecar, HealthLoadAndReset) {
  const auto loaded = post(sidecar_url(), "/load", {{"model_path", kModel}});
  ASSERT_EQ(loaded.status, 200) << loaded.body;
  EXPECT_EQ(loaded.json["status"], "loaded");
  EXPECT_EQ(loaded.json["type"], "qwen3");
  EXPECT_EQ(loaded.json["layers"], 6);
  const auto health = testing::get(sidecar_url(), "/health");
  EXPECT_EQ(health.json["status"], "ok") << health.body;
  EXPECT_EQ(health.json["backend_type"], "softcard");
  EXPECT_EQ(health.json["model_loaded"], true);
  EXPECT_THAT(health.json["model_path"].get<std::string>(), HasSubstr(kModel));
  EXPECT_GT(health.json["device"]["cmm_total_bytes"].get<std::uint64_t>(), 0U);
  EXPECT_EQ(post(sidecar_url(), "/reset", json::object()).json["status"], "ok");
}

TEST_F(Sidecar, AFailedLoadLeavesTheRunningModel) {
  ASSERT_EQ(post(sidecar_url(), "/load", {{"model_path", kModel}}).status, 200);
  EXPECT_EQ(post(sidecar_url(), "/load", {{"model_path", "/etc"}}).status, 400);
  EXPECT_EQ(post(sidecar_url(), "/load", {{"model_path", "no-such-model"}}).status, 404);
  EXPECT_EQ(
      post(sidecar_url(), "/load", {{"model_path", (testing::bundled_models() / "missing").string()}}).status,
      404);
  EXPECT_EQ(post(sidecar_url(), "/generate", {{"prompt", "Hello!"}, {"max_tokens", 4}}).status, 200);
}

}  // namespace
}  // namespace axllama
