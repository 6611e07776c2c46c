// What a request can say about the context, through the whole program: a model of random weights whose tokens
// are bytes, and a card on which every execution takes its time.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/process.h"
#include "tests/support/random_package.h"

namespace axllama {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::post;
using testing::Reply;
using testing::ServerProcess;

constexpr std::size_t kContext = 256;

class Context : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<testing::TemporaryFolder>();
    testing::write_random_package({}, folder_->path() / "models" / "random");
    const std::filesystem::path card = folder_->path() / "card.json";
    std::ofstream(card) << R"({"timing": {"execute_us": 300}})";
    server_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{"--model-root", (folder_->path() / "models").string(), "--kv-slots", "3"},
        testing::Environment{{"AXLLAMA_SOFTCARD_CONFIG", card.string()}});
  }
  static void TearDownTestSuite() {
    server_.reset();
    folder_.reset();
  }
  /// Nothing is cached. (The request is answered before the model is gone, and one that came meanwhile would
  /// be its last.)
  void SetUp() override {
    post(server_->url(""), "/api/generate", {{"model", "random"}, {"keep_alive", 0}});
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!testing::get(server_->url(""), "/api/ps").json["models"].empty()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  static json options(const json& more) {
    json all{{"temperature", 0}, {"repetition_guard", false}, {"num_predict", 4}};
    all.update(more);
    return all;
  }
  static Reply generate(const std::string& prompt, const json& more, const json& fields = json::object()) {
    json body{{"model", "random"}, {"prompt", prompt}, {"raw", true}, {"stream", false}};
    body["options"] = options(more);
    body.update(fields);
    return post(server_->url(""), "/api/generate", body);
  }
  static Reply chat(const json& messages, const json& more = json::object(),
                    const json& fields = json::object()) {
    json body{{"model", "random"}, {"messages", messages}, {"stream", false}, {"options", options(more)}};
    body.update(fields);
    return post(server_->url(""), "/api/chat", body);
  }
  static std::size_t count(const Reply& reply, const char* key) {
    return reply.json.value(key, std::size_t{0});
  }

  static inline std::unique_ptr<testing::TemporaryFolder> folder_;
  static inline std::unique_ptr<ServerProcess> server_;
};

json message(const char* role, const std::string& content) {
  return {{"role", role}, {"content", content}};
}

TEST_F(Context, ASystemPromptIsSharedByConversations) {
  const json system = message("system", std::string(90, 's'));
  json first{system, message("user", "What is the capital?")};
  const Reply answer = chat(first);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(count(answer, "prompt_eval_cached_count"), 0U);

  const Reply other = chat({system, message("user", "What else is there?")});
  ASSERT_EQ(other.status, 200) << other.body;
  EXPECT_GE(count(other, "prompt_eval_cached_count"), 90U);
  EXPECT_LT(count(other, "prompt_eval_cached_count"), count(other, "prompt_eval_count"));

  // The first conversation is still there: the second one got a copy of the beginning.
  first.push_back(answer.json["message"]);
  first.push_back(message("user", "And?"));
  const Reply next = chat(first);
  EXPECT_GE(count(next, "prompt_eval_cached_count"), count(answer, "prompt_eval_count"));
}

TEST_F(Context, AFullContextIsShifted) {
  const std::string prompt(40, 'p');
  const Reply shifted = generate(prompt, {{"num_ctx", 64}, {"num_predict", 100}});
  ASSERT_EQ(shifted.status, 200) << shifted.body;
  EXPECT_EQ(count(shifted, "eval_count"), 100U);
  const Reply again = generate(prompt, {{"num_ctx", 64}, {"num_predict", 100}});
  EXPECT_EQ(again.json["response"], shifted.json["response"]);
  // The first tokens that are kept matter to what follows.
  const Reply kept = generate(prompt, {{"num_ctx", 64}, {"num_predict", 100}, {"num_keep", 32}});
  EXPECT_EQ(count(kept, "eval_count"), 100U);
  EXPECT_NE(kept.json["response"], shifted.json["response"]);

  const Reply full = generate(prompt, {{"num_ctx", 64}, {"num_predict", 100}}, {{"shift", false}});
  EXPECT_EQ(count(full, "eval_count"), 24U);
  EXPECT_EQ(full.json["done_reason"], "length");
  // Until then both say the same (the last bytes may be parts of letters).
  EXPECT_EQ(shifted.json["response"].get<std::string>().substr(0, 12),
            full.json["response"].get<std::string>().substr(0, 12));
}

TEST_F(Context, WhatIsTooLongIsCutOrRefused) {
  const std::string prompt(100, 'p');
  const Reply cut = generate(prompt, {{"num_ctx", 64}});
  ASSERT_EQ(cut.status, 200) << cut.body;
  EXPECT_EQ(count(cut, "prompt_eval_count"), 64U - (64 - 4) / 2);
  for (const char* off : {"truncate", "shift"}) {
    const Reply refused = generate(prompt, {{"num_ctx", 64}}, {{off, false}});
    EXPECT_EQ(refused.status, 400) << off;
    EXPECT_THAT(refused.body, HasSubstr("longer than the context length"));
  }

  json conversation{message("system", "SYS")};
  for (int i = 0; i < 8; ++i) {
    conversation.push_back(message("user", "question " + std::to_string(i)));
    conversation.push_back(message("assistant", "answer " + std::to_string(i)));
  }
  conversation.push_back(message("user", "last"));
  const Reply truncated = chat(conversation, {{"num_ctx", 128}});
  ASSERT_EQ(truncated.status, 200) << truncated.body;
  EXPECT_LE(count(truncated, "prompt_eval_count"), 128U);
  EXPECT_EQ(chat(conversation, {{"num_ctx", 128}}, {{"truncate", false}}).status, 400);
  EXPECT_EQ(chat(conversation, json::object(), {{"truncate", false}}).status, 400)
      << "more than the model's context";
}

TEST_F(Context, ALargeNumCtxIsClamped) {
  const Reply answer =
      generate(std::string(250, 'p'), {{"num_ctx", 1 << 20}, {"num_predict", 100}}, {{"shift", false}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(count(answer, "eval_count"), kContext - 250);
  EXPECT_EQ(testing::get(server_->url(""), "/api/ps").json["models"][0]["context_length"], kContext);
}

TEST_F(Context, ARequestEndsAtItsDeadline) {
  const Reply answer = generate("p", {{"num_predict", 100'000}, {"request_timeout", 0.001}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json["done_reason"], "length");
  EXPECT_LT(count(answer, "eval_count"), 10U * kContext);
  EXPECT_EQ(generate("p", {{"request_timeout", 0}}).status, 400);
}

}  // namespace
}  // namespace axllama
