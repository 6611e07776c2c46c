// What the bundled model can do, asked of the running server: in its held-out evaluation required skills stay
// at 95 % or more, and it knows at the end of a long conversation what was said at its beginning.
#include <cstddef>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/paths.h"
#include "tests/support/api.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;

void add_turn(json& messages, const std::string& question, const std::string& answer) {
  messages.push_back({{"role", "user"}, {"content", question}});
  messages.push_back({{"role", "assistant"}, {"content", answer}});
}

/// More than 1,024 tokens between a fact and the question for it.
json long_conversation(const std::string& fact, const std::string& reply, const std::string& question) {
  json messages = json::array();
  add_turn(messages, fact, reply);
  for (int i = 0; i < 48; ++i) {
    if (i % 2 == 0) {
      add_turn(messages, "What is the capital of France?", "The capital of France is Paris.");
      continue;
    }
    const int a = i % 9 + 1;
    const int b = i % 7 + 1;
    const std::string sum = std::to_string(a) + "+" + std::to_string(b);
    add_turn(messages, "What is " + sum + "?", sum + " is " + std::to_string(a + b) + ".");
  }
  messages.push_back({{"role", "user"}, {"content", question}});
  return messages;
}

TEST(BundledModel, AnswersItsHeldOutQuestions) {
  const testing::ServerProcess server;
  const auto result = testing::run_command({"/usr/bin/python3", AXLLAMA_SOURCE_DIR "/models/tiny/eval.py",
                                            "--url", server.url(""), "--model", "axllama-tiny"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_THAT(result.out, ::testing::HasSubstr("well-formed tool calls"));
}

TEST(BundledModel, KnowsTheBeginningOfMoreThan1024Tokens) {
  const testing::ServerProcess server;
  const auto ask = [&server](const json& messages) {
    const testing::Reply reply = testing::post(server.url(""), "/api/chat",
                                               {{"model", "axllama-tiny"},
                                                {"messages", messages},
                                                {"think", false},
                                                {"stream", false},
                                                {"options", {{"temperature", 0}, {"num_predict", 40}}}});
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_GT(reply.json.value("prompt_eval_count", std::size_t{0}), 1024U);
    EXPECT_EQ(reply.json.value("done_reason", ""), "stop");
    return reply.json.value(json::json_pointer("/message/content"), "");
  };
  EXPECT_EQ(ask(long_conversation("My name is Anna.", "Hello Anna!", "What is my name?")),
            "Your name is Anna.");
  EXPECT_EQ(ask(long_conversation("My name is Tom.", "Nice to meet you, Tom!", "What is my name?")),
            "Your name is Tom.");
  EXPECT_EQ(ask(long_conversation("My dog is called Rex.", "That is a nice name.", "What is my dog called?")),
            "Your dog is called Rex.");
}

}  // namespace
}  // namespace axllama
