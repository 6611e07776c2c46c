// Sampled answers with a seed are the same whenever they are asked for, through the whole program.
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/background_stream.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;
using testing::post;

constexpr int kTokens = 40;

constexpr int kManyTokens = 1500;
constexpr double kTemperature = 1.5;
constexpr double kWild = 20;  // so that the end is unlikely

json sampled(const std::string& prompt, int seed, double temperature, int tokens) {
  return {{"model", "axllama-tiny"},
          {"prompt", prompt},
          {"raw", true},
          {"options",
           {{"temperature", temperature},
            {"top_k", 0},
            {"top_p", 1},
            {"seed", seed},
            {"num_predict", tokens},
            {"repetition_guard", false}}}};
}

/// The text and the tokens' number that are answered.
std::string answer(const testing::ServerProcess& server, int seed) {
  json request = sampled("The river is", seed, kTemperature, kTokens);
  request["stream"] = false;
  const testing::Reply reply = post(server.url(""), "/api/generate", request);
  EXPECT_EQ(reply.status, 200) << reply.body;
  return std::to_string(reply.json.value("eval_count", 0)) + " tokens: " + reply.json.value("response", "");
}

TEST(Seed, GivesTheSameTokensAgainBesideOthersAndAfterARestart) {
  const testing::TemporaryFolder home;
  const auto card = home.path() / "card.json";
  std::ofstream(card) << R"({"timing": {"execute_us": 1000}})";  // so that the others take long enough
  const testing::Environment environment{{"HOME", home.path().string()},
                                         {"AXLLAMA_SOFTCARD_CONFIG", card.string()}};
  const std::vector<std::string> options{"--drain", "0"};
  std::string first;
  {
    testing::ServerProcess server(options, environment);
    first = answer(server, 7);
    EXPECT_NE(answer(server, 8), first) << "the seed has to matter";
    EXPECT_EQ(answer(server, 7), first) << "what the card has of the prompt must not matter";
    EXPECT_EQ(server.stop(), 0);
  }
  testing::ServerProcess server(options, environment);
  EXPECT_EQ(answer(server, 7), first) << "after a restart";
  std::vector<std::unique_ptr<testing::BackgroundStream>> others;
  for (const char* prompt : {"One", "The river", "The river is wide"}) {
    others.push_back(
        std::make_unique<testing::BackgroundStream>(server.url(""), sampled(prompt, 9, kWild, kManyTokens)));
    ASSERT_TRUE(others.back()->wait_for_records(1));
  }
  EXPECT_EQ(answer(server, 7), first) << "beside others";
  for (const auto& other : others) {
    EXPECT_FALSE(other->ended()) << "it was to run beside";
    other->stop();
  }
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace axllama
