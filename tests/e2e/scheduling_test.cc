// Loading at the start and refusals for want of memory, through the whole program.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/testing/raw_client.h"
#include "tests/support/api.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"
#include "tests/support/script.h"

namespace axllama {
namespace {

using nlohmann::json;
using testing::eventually;
using testing::get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;
using testing::Reply;

constexpr const char* kModel = "axllama-tiny";
const json kQuestion{{"model", kModel}, {"prompt", "Hello!"}, {"stream", false}};

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

/// With two cards, each answering one request at a time, and slowly.
class TwoCards : public ::testing::Test {
 protected:
  TwoCards() {
    const auto card = folder_.path() / "card.json";
    constexpr int kStepMs = 20;
    std::ofstream(card) << json{{"devices", {1, 129}},
                                {"script", testing::script_of(testing::script_steps("abc", kStepMs))}};
    server = std::make_unique<testing::ServerProcess>(
        std::vector<std::string>{"--parallel", "1", "--kv-slots", "2", "--drain", "0"},
        testing::Environment{{"AXLLAMA_SOFTCARD_CONFIG", card.string()}});
  }

  static json request(const std::string& prompt, int tokens, bool stream) {
    return {{"model", kModel},
            {"prompt", prompt},
            {"raw", true},
            {"stream", stream},
            {"options", {{"temperature", 0}, {"num_predict", tokens}, {"repetition_guard", false}}}};
  }
  /// An answer that would take half a minute; it ends with the client.
  std::unique_ptr<http::testing::RawClient> begin(const std::string& prompt) const {
    auto client = std::make_unique<http::testing::RawClient>(static_cast<std::uint16_t>(server->port()));
    const std::string body = request(prompt, 1500, true).dump();
    EXPECT_TRUE(client->send("POST /api/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body));
    return client;
  }
  Reply ask(const std::string& prompt) const {
    return post(server->url(""), "/api/generate", request(prompt, 2, false));
  }
  std::ptrdiff_t cards_with_the_model() const {
    const json models = models_on_the_card(*server);
    return std::count_if(models.begin(), models.end(),
                         [](const json& model) { return !model.contains("loading"); });
  }

  std::unique_ptr<testing::ServerProcess> server;

 private:
  testing::TemporaryFolder folder_;
};

std::string words(const std::string& word, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += word + " " + std::to_string(i) + " ";
  return text;
}

TEST_F(TwoCards, ARequestGoesWhereItsBeginningIsKnownAndElseWhereItWaitsLeast) {
  EXPECT_TRUE(eventually([&] {
    const json cards = get(server->url(""), "/api/status").json.at("cards");
    return cards.size() == 2 && cards[0].at("available") == true && cards[1].at("available") == true;
  }));
  // The second card gets the model when waiting for the first would take longer than loading it.
  ASSERT_EQ(ask("?").status, 200);
  EXPECT_EQ(cards_with_the_model(), 1);
  {
    std::vector<std::unique_ptr<http::testing::RawClient>> many;
    EXPECT_TRUE(eventually([&] {
      many.push_back(begin(words("load", 3)));
      return cards_with_the_model() == 2;
    }));
    EXPECT_GT(many.size(), 2U);
  }
  // While one card is busy with one conversation, another one begins on the other card.
  const std::string first = words("river", 40);
  const std::string second = words("mountain", 40);
  auto busy = begin(first);
  ASSERT_TRUE(busy->read_until("\"c\"")) << busy->buffer();
  const Reply began = ask(second);
  ASSERT_EQ(began.status, 200) << began.body;
  EXPECT_LT(began.json.value("prompt_eval_cached_count", 0), 10);
  ASSERT_TRUE(busy->read_more());
  EXPECT_THAT(busy->buffer(), Not(HasSubstr("\"done\":true"))) << "the other one did not wait for it";
  busy->close();
  // Both cards are idle: each conversation goes on where it is cached.
  for (const std::string& beginning : {second, first, second, first}) {
    const Reply next = ask(beginning + words("and", 5));
    ASSERT_EQ(next.status, 200) << next.body;
    EXPECT_GT(next.json.value("prompt_eval_cached_count", 0), 80) << next.body;
  }
  EXPECT_EQ(server->stop(), 0);
}

}  // namespace
}  // namespace axllama
