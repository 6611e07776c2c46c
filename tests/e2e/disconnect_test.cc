// A client that leaves, in whatever phase of its request, frees the card for the next one at once. The server
// answers one request at a time and lets one wait, so a request that is refused shows that one is answered
// and one waits.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/testing/raw_client.h"
#include "tests/support/api.h"
#include "tests/support/process.h"
#include "tests/support/script.h"

namespace axllama {
namespace {

using http::testing::RawClient;
using nlohmann::json;

constexpr int kStepMs =
    30;  // of the card, so that no answer here would end by itself within a test's patience
constexpr int kMostTries = 2000;  // requests until one is refused, or none

/// Each token takes a while; the last one goes on for ever.
json slow_script(std::string_view text) {
  return testing::script_of(testing::script_steps(text, kStepMs));
}

class Disconnect : public ::testing::Test {
 protected:
  /// Serves with these settings of the software card; the model is on it.
  void serve(const json& card) {
    start(card);
    ASSERT_EQ(
        testing::post(server_->url(""), "/api/generate", {{"model", "axllama-tiny"}, {"prompt", ""}}).status,
        200);
  }
  void start(const json& card) {
    const auto config = folder_.path() / "card.json";
    std::ofstream(config) << card.dump();
    server_ = std::make_unique<testing::ServerProcess>(
        std::vector<std::string>{"--parallel", "1", "--drain", "1"},
        testing::Environment{{"AXLLAMA_SOFTCARD_CONFIG", config.string()},
                             {"AXLLAMA_SOFTCARD_COUNTERS", counters().string()},
                             {"OLLAMA_MAX_QUEUE", "1"}});
  }
  std::filesystem::path counters() const { return folder_.path() / "counters.json"; }

  static json chat(const std::string& content, int num_predict = 1500) {
    json body = {
        {"model", "axllama-tiny"},
        {"messages", {{{"role", "user"}, {"content", content}}}},
        {"think", false},
        {"options", {{"temperature", 0}, {"num_predict", num_predict}, {"repetition_guard", false}}}};
    body["tools"] = {
        {{"type", "function"}, {"function", {{"name", "look_up"}, {"parameters", {{"type", "object"}}}}}}};
    return body;
  }
  std::unique_ptr<RawClient> begin(const json& body) const {
    auto client = std::make_unique<RawClient>(static_cast<std::uint16_t>(server_->port()));
    const std::string text = body.dump();
    EXPECT_TRUE(client->send("POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                             std::to_string(text.size()) + "\r\n\r\n" + text));
    return client;
  }
  /// Begins two requests at a time until one of them is refused: one is answered, one waits. Then both leave.
  bool fills_the_queue() const {
    for (int i = 0; i < kMostTries; ++i) {
      const std::unique_ptr<RawClient> probes[] = {begin(chat("Wait.", 1)), begin(chat("Wait.", 1))};
      for (const auto& probe : probes) {
        if (probe->read_more(std::chrono::milliseconds(10)) && probe->buffer().starts_with("HTTP/1.1 503")) {
          return true;
        }
      }
    }
    return false;
  }
  /// The next request is served, as soon as the server has noticed that the ones before have left, and the
  /// answer of the one that left did not go on.
  void expect_free(int most_executions) {
    json body = chat("Next.", 2);
    body["stream"] = false;
    auto next = testing::post(server_->url(""), "/api/chat", body);
    for (int i = 0; i < kMostTries && next.status == 503; ++i) {
      next = testing::post(server_->url(""), "/api/chat", body);
    }
    EXPECT_EQ(next.status, 200) << next.body;
    EXPECT_EQ(server_->stop(), 0) << server_->log();
    const auto executions = testing::read_json(counters()).at("calls").at("axclrtEngineExecute").get<int>();
    EXPECT_LT(executions, most_executions) << "the abandoned answer went on";
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<testing::ServerProcess> server_;
};

TEST_F(Disconnect, InTheQueue) {
  serve({{"script", slow_script("abcdefgh")}});
  const auto running = begin(chat("Go on."));
  ASSERT_TRUE(running->read_until("\"a\""));
  ASSERT_TRUE(fills_the_queue());
  // Those that waited have left: there is room again, though the first answer still goes on.
  bool waits = false;
  for (int i = 0; i < kMostTries && !waits; ++i) {
    const auto probe = begin(chat("And I?", 1));
    waits = !probe->read_more(std::chrono::milliseconds(50));
  }
  EXPECT_TRUE(waits);
  ASSERT_TRUE(running->read_more());
  running->close();
  expect_free(2000);
}

TEST_F(Disconnect, WhileTheModelIsLoaded) {
  start({{"timing", {{"load_mb_per_s", 1}}}});  // some seconds for all layers
  const auto waiting = begin(chat("Hello!"));
  json loading = json::object();
  for (int i = 0; i < kMostTries && loading.value("layers_loaded", 0) == 0; ++i) {
    const json models = testing::get(server_->url(""), "/api/ps").json.at("models");
    loading = models.empty() ? json::object() : models[0].value("loading", json::object());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ASSERT_GT(loading.value("layers_loaded", 0), 0);
  ASSERT_LT(loading.value("layers_loaded", 0), loading.value("layers_total", 0));
  waiting->close();
  // A load that had gone on to its end would have left the model on the card.
  json models;
  for (int i = 0; i < kMostTries && (models.is_null() || !models.empty()); ++i) {
    models = testing::get(server_->url(""), "/api/ps").json.at("models");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(models, json::array());
  EXPECT_EQ(server_->stop(), 0) << server_->log();
}

TEST_F(Disconnect, WhileThePromptIsRead) {
  serve({{"timing", {{"execute_us", 40'000}}}});  // several seconds for this prompt
  std::string words;
  for (int i = 0; i < 400; ++i) words += "word " + std::to_string(i) + " ";
  std::unique_ptr<RawClient> reading;
  bool refused =
      true;  // as the probes were faster: such a long prompt takes a while to come and to be cut into tokens
  for (int i = 0; i < kMostTries && refused; ++i) {
    reading = begin(chat(words));
    ASSERT_TRUE(fills_the_queue());
    refused =
        reading->read_more(std::chrono::milliseconds(0)) && reading->buffer().starts_with("HTTP/1.1 503");
  }
  EXPECT_EQ(reading->buffer(), "") << "the prompt was read already";
  reading->close();
  expect_free(700);
}

TEST_F(Disconnect, AtTheFirstToken) {
  serve({{"script", slow_script("abcdefgh")}});
  const auto client = begin(chat("Go on."));
  ASSERT_TRUE(client->read_until("\"a\""));
  client->close();
  expect_free(1000);
}

TEST_F(Disconnect, InTheMiddleOfAnAnswer) {
  serve({{"script", slow_script("abcdefgh")}});
  const auto client = begin(chat("Go on."));
  ASSERT_TRUE(client->read_until("\"g\""));
  client->close();
  expect_free(1000);
}

TEST_F(Disconnect, InTheMiddleOfACall) {
  // What follows the text may become a call, so the client sees nothing of it.
  serve({{"script",
          slow_script("I ask.\n<tool_call>\n{\"name\": \"look_up\", \"arguments\": {\"words\": \"aaaa")}});
  const auto client = begin(chat("Look it up."));
  ASSERT_TRUE(client->read_until("\".\""));
  EXPECT_FALSE(client->read_more(std::chrono::milliseconds(20 * kStepMs)) &&
               client->buffer().find("tool_call") != std::string::npos);
  client->close();
  expect_free(1500);
}

TEST_F(Disconnect, WithoutAStreamToo) {
  serve({{"script", slow_script("abcdefgh")}});
  json body = chat("Go on.");
  body["stream"] = false;
  const auto client = begin(body);
  ASSERT_TRUE(fills_the_queue());
  client->close();
  expect_free(1500);
}

}  // namespace
}  // namespace axllama
