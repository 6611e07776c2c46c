// What goes wrong in the field: bad bodies, bad packages, clients that leave, a stop in the middle of an
// answer. Each gives a clear answer, and the server goes on.
#include <algorithm>
#include <atomic>
#include <cctype>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;
using testing::post_text;

constexpr const char* kModel = "axllama-tiny";

/// A request that goes on until the context is full: sampling so wild that the end is unlikely, and raw.
json long_request() {
  return {{"model", kModel},
          {"prompt", "Count:"},
          {"raw", true},
          {"options", {{"temperature", 20}, {"top_k", 0}, {"top_p", 1}, {"seed", 5}, {"num_predict", 1500}}}};
}

/// The software card was given back everything before it was finalized, and was finalized in the end.
void expect_released(const fs::path& counters, const std::string& log) {
  const json counted = testing::read_json(counters);
  const json& calls = counted.at("calls");
  EXPECT_GT(counted.at("loads").at("count"), 0);
  EXPECT_EQ(calls.at("axclrtEngineUnload"), counted.at("loads").at("count"));
  EXPECT_EQ(calls.value("axclFinalize", 0), 1);
  for (const auto& [what, count] : counted.at("held").items()) EXPECT_EQ(count, 0) << what;
  EXPECT_THAT(log, Not(HasSubstr("not released")));  // what the card would have released by itself
  EXPECT_THAT(log, HasSubstr("the card is released"));
}

class Robustness : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<testing::ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }
  void TearDown() override {
    ASSERT_TRUE(server_->process().running()) << server_->log();
    const auto reply =
        post(url(), "/api/generate", {{"model", kModel}, {"prompt", "Hello!"}, {"stream", false}});
    EXPECT_EQ(reply.status, 200) << "the server must go on: " << reply.body;
  }
  static std::string url() { return server_->url(""); }

  static inline std::unique_ptr<testing::ServerProcess> server_;
};

TEST_F(Robustness, MalformedBodiesAreRefusedWithASentence) {
  for (const char* path : {"/api/generate", "/api/chat", "/api/show"}) {
    for (const char* body :
         {"", "{", "not json", "[]", "5", "{\"model\": 5}", "{\"model\": {}}", "\xff\xfe"}) {
      const auto reply = post_text(url(), path, body);
      EXPECT_EQ(reply.status, 400) << path << " " << body << ": " << reply.body;
      EXPECT_GT(reply.json.value("error", "").size(), 5U) << path << " " << body;
      EXPECT_THAT(reply.content_type, HasSubstr("application/json"));
    }
  }
}

TEST_F(Robustness, WrongTypesAreRefused) {
  const std::vector<json> bodies{
      {{"model", kModel}, {"messages", "hello"}},
      {{"model", kModel}, {"messages", {{{"role", "user"}, {"content", 5}}}}},
      {{"model", kModel},
       {"messages", {{{"role", "user"}, {"content", "x"}}}},
       {"options", {{"temperature", "hot"}}}},
      {{"model", kModel}, {"messages", {{{"role", "user"}, {"content", "x"}}}}, {"stream", "yes"}},
      {{"model", kModel}, {"messages", {{{"role", "user"}, {"content", "x"}}}}, {"keep_alive", true}},
  };
  for (const json& body : bodies) {
    const auto reply = post(url(), "/api/chat", body);
    EXPECT_EQ(reply.status, 400) << body << reply.body;
    EXPECT_FALSE(reply.json.value("error", "").empty()) << body;
  }
}

TEST_F(Robustness, UnknownModelsAre404WithTheNameAsSent) {
  const auto reply = post(url(), "/api/generate", {{"model", "No-Such:Model"}, {"prompt", "x"}});
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.json["error"], "model 'No-Such:Model' not found");
}

TEST_F(Robustness, APromptOfTenMegabytesIsRefusedAndNamesTheContext) {
  const std::string words(10'000'000, 'a');
  const auto reply = post(url(), "/api/generate", {{"model", kModel}, {"prompt", words}, {"stream", false}});
  EXPECT_GE(reply.status, 400);
  EXPECT_LT(reply.status, 500);
  EXPECT_THAT(reply.json.value("error", ""), AllOf(HasSubstr("context"), HasSubstr("longer")));
}

TEST_F(Robustness, ABodyBeyondTheLimitIs413) {
  const std::string words(80'000'000, 'a');
  const auto reply = post_text(url(), "/api/generate", words);
  EXPECT_EQ(reply.status, 413);
}

TEST_F(Robustness, WhatIsNotThereYetSaysSo) {
  const json base{{"model", kModel}, {"messages", {{{"role", "user"}, {"content", "x"}}}}};
  json body = base;
  body["messages"][0]["images"] = {"iVBORw0KGgo="};
  const auto reply = post(url(), "/api/chat", body);
  EXPECT_EQ(reply.status, 400) << reply.body;
  EXPECT_THAT(reply.json.value("error", ""), HasSubstr("image"));
}

TEST(Cancellation, AClientThatLeavesFreesTheEngineAtOnce) {
  const testing::TemporaryFolder folder;
  const auto counters = folder.path() / "counters.json";
  // Every execution takes 3 ms, so that 1500 tokens would take half a minute and thousands of executions.
  const auto config = folder.path() / "card.json";
  std::ofstream(config) << R"({"timing": {"execute_us": 3000}})";
  testing::ServerProcess server(
      {}, {{"AXLLAMA_SOFTCARD_CONFIG", config.string()}, {"AXLLAMA_SOFTCARD_COUNTERS", counters.string()}});

  http::Client client(server.url(""));
  int records = 0;
  const auto left = client.stream({.method = "POST", .path = "/api/generate", .body = long_request().dump()},
                                  [&records](std::string_view) { return ++records < 3; });
  EXPECT_TRUE(left.ended_early);

  // The next request is served now, not after the 1500 tokens of the first.
  const auto next =
      post(server.url(""), "/api/generate",
           {{"model", kModel}, {"prompt", "Hello!"}, {"stream", false}, {"options", {{"num_predict", 2}}}});
  EXPECT_EQ(next.status, 200) << next.body;
  EXPECT_EQ(server.stop(), 0);
  const auto executions = testing::read_json(counters).at("calls").at("axclrtEngineExecute").get<int>();
  EXPECT_LT(executions, 700) << "the abandoned answer went on";
}

class Stop : public ::testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Signals, Stop, ::testing::Values(SIGTERM, SIGINT), [](const auto& signal) {
  return signal.param == SIGTERM ? "Terminate" : "Interrupt";
});

TEST_P(Stop, EndsRunningStreamsReleasesTheCardAndExitsWithZero) {
  const testing::TemporaryFolder folder;
  const auto config = folder.path() / "card.json";
  const auto counters = folder.path() / "counters.json";
  std::ofstream(config) << json{{"timing", {{"execute_us", 3000}}}, {"counters_file", counters.string()}};
  testing::ServerProcess server({"--drain", "1"}, {{"AXLLAMA_SOFTCARD_CONFIG", config.string()}});

  std::atomic<int> records{0};
  std::string last;
  std::jthread reader([&] {
    http::Client client(server.url(""));
    try {
      client.stream({.method = "POST", .path = "/api/generate", .body = long_request().dump()},
                    [&](std::string_view line) {
                      last = line;
                      ++records;
                      return true;
                    });
    } catch (const std::exception& error) {
      last = error.what();
    }
  });
  while (records < 3) std::this_thread::yield();
  EXPECT_EQ(server.stop(GetParam()), 0) << server.log();
  reader.join();
  // An answer that was cut short must not look finished: its last record is an error.
  const json record = json::parse(last, nullptr, false);
  ASSERT_TRUE(record.is_object()) << last;
  EXPECT_TRUE(record.contains("error")) << last;
  EXPECT_FALSE(record.value("done", false));
  expect_released(counters, server.log());
}

TEST_P(Stop, ReleasesACardThatHasNothingToDo) {
  const testing::TemporaryFolder folder;
  const auto counters = folder.path() / "counters.json";
  testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_COUNTERS", counters.string()}});
  ASSERT_EQ(post(server.url(""), "/api/generate", {{"model", kModel}, {"prompt", ""}}).status, 200);
  EXPECT_EQ(server.stop(GetParam()), 0) << server.log();
  expect_released(counters, server.log());
}

TEST(BadPackages, AreRefusedWithASentenceAndTheServerGoesOn) {
  const testing::TemporaryFolder folder;
  const fs::path good = testing::bundled_models() / "axllama-tiny";
  const auto copy = [&](const std::string& name) {
    fs::copy(good, folder.path() / name);
    return folder.path() / name;
  };
  const auto first_layer = [](const fs::path& package) {
    for (const auto& entry : fs::directory_iterator(package)) {
      if (entry.path().filename().string().find("_l0_") != std::string::npos) return entry.path();
    }
    throw std::runtime_error("the bundled package has no first layer");
  };
  fs::remove(first_layer(copy("missing-layer")));
  std::ofstream(first_layer(copy("lfs-pointer")))
      << "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
  fs::resize_file(copy("short-embedding") / "model.embed_tokens.weight.bfloat16.bin", 1000);
  fs::resize_file(first_layer(copy("cut-layer")), 5000);
  std::ofstream(copy("bad-tokenizer") / "tokenizer.json") << "{";

  const testing::ServerProcess server({"--model-root", folder.path().string()});
  const std::pair<const char*, const char*> cases[] = {
      {"missing-layer", "layer 0"},
      {"lfs-pointer", "git-lfs"},
      {"short-embedding", "model.embed_tokens.weight.bfloat16.bin"},
      {"cut-layer", "_l0_"},
      {"bad-tokenizer", "tokenizer.json"}};
  for (const auto& [name, words] : cases) {
    const auto reply =
        post(server.url(""), "/api/generate", {{"model", name}, {"prompt", "Hello!"}, {"stream", false}});
    EXPECT_GE(reply.status, 400) << name;
    EXPECT_LT(reply.status, 500) << name << ": " << reply.body;
    std::string error = reply.json.value("error", "");
    std::transform(error.begin(), error.end(), error.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    EXPECT_THAT(error, HasSubstr(words)) << name;
  }
  EXPECT_EQ(
      post(server.url(""), "/api/generate", {{"model", kModel}, {"prompt", "Hello!"}, {"stream", false}})
          .status,
      200);
}

TEST(NoCard, TheServerStartsSaysWhyAndRefusesPolitely) {
  const testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_DEVICES", ""}});
  EXPECT_EQ(testing::get(server.url(""), "/api/tags").status, 200);
  const auto reply =
      post(server.url(""), "/api/generate", {{"model", kModel}, {"prompt", "Hello!"}, {"stream", false}});
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.json.value("error", ""), HasSubstr("card"));
}

}  // namespace
}  // namespace axllama
