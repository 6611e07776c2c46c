// What is asked of the server itself, and not of the card, while the card does not answer.
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/client.h"
#include "tests/support/api.h"
#include "tests/support/background_stream.h"
#include "tests/support/process.h"
#include "tests/support/script.h"

namespace axllama {
namespace {

using nlohmann::json;
using testing::get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;
using testing::Reply;

constexpr const char* kModel = "axllama-tiny";
constexpr int kExecutionMs = 8000;

TEST(BusyCard, ManagementIsAnsweredBeforeAnExecutionEnds) {
  const testing::TemporaryFolder folder;
  const auto card = folder.path() / "card.json";
  json steps = testing::script_steps("ab");
  steps[1]["delay_ms"] = kExecutionMs;
  std::ofstream(card) << json{{"script", testing::script_of(steps)}};
  testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_CONFIG", card.string()}});
  const std::string url = server.url("");
  testing::BackgroundStream answer(url, {{"model", kModel},
                                         {"prompt", "Go!"},
                                         {"raw", true},
                                         {"options", {{"temperature", 0}, {"num_predict", 2}}}});
  ASSERT_TRUE(answer.wait_for_records(1)) << server.log();  // the card is at work for the second token

  const Reply shown = post(url, "/api/show", {{"model", kModel}});
  EXPECT_EQ(shown.status, 200) << shown.body;
  EXPECT_TRUE(shown.json.contains("model_info"));
  const Reply on_the_card = get(url, "/api/ps");
  EXPECT_EQ(on_the_card.json.at("models").at(0).at("name"), "axllama-tiny:latest") << on_the_card.body;
  EXPECT_EQ(post(url, "/api/copy", {{"source", kModel}, {"destination", "second"}}).status, 200);
  EXPECT_THAT(get(url, "/api/tags").body, HasSubstr("second:latest"));
  EXPECT_THAT(get(url, "/v1/models").body, HasSubstr("second"));
  http::Client client(url);
  const auto deleted =
      client.request({.method = "DELETE", .path = "/api/delete", .body = json{{"model", "second"}}.dump()});
  EXPECT_EQ(deleted.status, 200) << deleted.body;
  EXPECT_THAT(get(url, "/api/tags").body, Not(HasSubstr("second")));

  EXPECT_EQ(answer.records(), 1U) << "none of them waited for the card";
  ASSERT_TRUE(answer.wait_for_end());
  EXPECT_EQ(answer.text(), "ab");
  EXPECT_EQ(answer.lines().back().value("done", false), true);
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace axllama
