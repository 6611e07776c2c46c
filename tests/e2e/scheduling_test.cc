// Loading at the start and refusals for want of memory, through the whole program.
#include <chrono>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;
using testing::get;
using ::testing::HasSubstr;
using testing::post;
using testing::Reply;

constexpr const char* kModel = "axllama-tiny";
const json kQuestion{{"model", kModel}, {"prompt", "Hello!"}, {"stream", false}};

template <typename Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

json models_on_the_card(const testing::ServerProcess& server) {
  return get(server.url(""), "/api/ps").json.at("models");
}

TEST(Scheduling, ModelsAreLoadedAtTheStart) {
  const testing::ServerProcess server({"--preload", "no-such-model", "--pin", kModel});
  EXPECT_TRUE(eventually([&] {
    const json models = models_on_the_card(server);
    return models.size() == 1 && !models[0].contains("loading");
  })) << server.log();
  EXPECT_EQ(models_on_the_card(server)[0].value("pinned", false), true);
  EXPECT_TRUE(eventually([&] { return server.log().find("no-such-model") != std::string::npos; }));
  EXPECT_THAT(server.log(), HasSubstr("a model could not be preloaded"));
  EXPECT_EQ(post(server.url(""), "/api/generate", kQuestion).status, 200);
}

TEST(Scheduling, ARefusalForWantOfMemoryHasTheNumbers) {
  const testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_CMM_MIB", "1"}});
  const Reply reply = post(server.url(""), "/api/generate", kQuestion);
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.json.value("error", ""), HasSubstr("does not fit on the card: it takes at least "));
  EXPECT_THAT(reply.json.value("error", ""), HasSubstr(" of 1.0 MB are free"));
}

}  // namespace
}  // namespace axllama
