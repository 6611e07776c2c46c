// A stop that leaves running answers the time they need, through the whole program.
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/testing/raw_client.h"
#include "tests/support/api.h"
#include "tests/support/background_stream.h"
#include "tests/support/process.h"
#include "tests/support/script.h"

namespace axllama {
namespace {

using http::testing::RawClient;
using http::testing::RawResponse;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr int kTokens = 150;
constexpr int kStepMs = 20;

json request(int tokens, bool stream) {
  return {{"model", "axllama-tiny"},
          {"prompt", "Go!"},
          {"raw", true},
          {"stream", stream},
          {"options", {{"temperature", 0}, {"num_predict", tokens}, {"repetition_guard", false}}}};
}

/// Asks again while the signal has not reached the server, and answers are still given.
RawResponse ask_until_refused(const testing::ServerProcess& server) {
  RawResponse response;
  do {
    RawClient client(static_cast<std::uint16_t>(server.port()));
    response = client.exchange("POST", "/api/generate", request(1, false).dump());
  } while (response.status == 200);
  return response;
}

TEST(Drain, RunningAnswersEndAndNewOnesAreToldToComeLater) {
  const testing::TemporaryFolder folder;
  const auto card = folder.path() / "card.json";
  std::ofstream(card) << json{{"script", testing::script_of(testing::script_steps("a", kStepMs))}};
  testing::ServerProcess server({"--drain", "120"}, {{"AXLLAMA_SOFTCARD_CONFIG", card.string()}});
  testing::BackgroundStream running(server.url(""), request(kTokens, true));
  ASSERT_TRUE(running.wait_for_records(2));

  server.process().signal(SIGTERM);
  const RawResponse refused = ask_until_refused(server);
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_NE(refused.headers.find("Retry-After"), nullptr);
  EXPECT_THAT(refused.body, HasSubstr("The server is shutting down."));
  EXPECT_EQ(testing::get(server.url(""), "/api/tags").status, 200) << "who asks something else is answered";
  EXPECT_FALSE(running.ended()) << "else nothing was waited for";

  ASSERT_TRUE(running.wait_for_end());
  EXPECT_EQ(running.text(), std::string(kTokens, 'a'));
  EXPECT_EQ(running.lines().back().value("done", false), true) << running.lines().back();
  EXPECT_EQ(running.lines().back().value("done_reason", ""), "length");
  EXPECT_EQ(running.lines().back().value("eval_count", 0), kTokens);
  EXPECT_EQ(server.process().wait(std::chrono::seconds(30)), 0) << server.log();
  EXPECT_THROW(RawClient(static_cast<std::uint16_t>(server.port())), std::runtime_error);
}

}  // namespace
}  // namespace axllama
