// Streams that are taken up again, through every dialect's routes.
#include "api/streams/reading.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/anthropic/anthropic_api.h"
#include "api/ollama/ollama_api.h"
#include "api/openai/openai_api.h"
#include "api/testing/dialect_test.h"
#include "base/error.h"
#include "http/status.h"

namespace axllama::api::streams {
namespace {

using namespace std::chrono_literals;
using http::testing::RawClient;
using http::testing::RawResponse;
using testing::eventually;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAsk = "X-Axllama-Resumable: 1\r\n";
constexpr const char* kChat =
    R"({"model": "plain", "messages": [{"role": "user", "content": "Hi"}], "stream": true, "max_tokens": 9})";

class StreamsTest : public testing::DialectTest {
 protected:
  void add_routes(http::Router& router, const std::shared_ptr<chat::Core>& core) override {
    ollama::add_ollama_routes(router, {core});
    openai::add_openai_routes(router, core);
    anthropic::add_anthropic_routes(router, core);
  }
  RawResponse ask(const std::string& path = "/api/chat", const std::string& body = kChat) {
    return server().call("POST", path, body, kAsk);
  }
  RawResponse get(const std::string& id, const std::string& query = {}, const std::string& fields = {}) {
    return server().call("GET", "/api/streams/" + id + query, "", fields);
  }
  static std::string id_of(const RawResponse& response) {
    const std::string* id = response.headers.find(kStreamIdHeader);
    return id == nullptr ? std::string() : *id;
  }
  /// Sends a request whose answer the test scripts, and waits for it to arrive.
  std::shared_ptr<testing::FakeRequest> begin(RawClient& client) {
    const std::size_t known = service_.request_count();
    client.send("POST /api/chat HTTP/1.1\r\nHost: localhost\r\n" + std::string(kAsk) +
                "Content-Length: " + std::to_string(std::string(kChat).size()) + "\r\n\r\n" + kChat);
    EXPECT_TRUE(eventually([&] { return service_.request_count() > known; }));
    return service_.last_request();
  }
  /// The same up to the first word, "Hel"; and the stream's id.
  std::pair<std::shared_ptr<testing::FakeRequest>, std::string> begin_to_speak(RawClient& client) {
    service_.on_submit = nullptr;
    auto request = begin(client);
    request->push_ready();
    request->push_text("Hel");
    return {std::move(request), begun_id(client)};
  }
  /// The id in an answer that has only begun.
  static std::string begun_id(RawClient& client) {
    EXPECT_TRUE(client.read_until("\r\n\r\n"));
    const std::string name = std::string(kStreamIdHeader) + ": ";
    const auto at = client.buffer().find(name);
    EXPECT_NE(at, std::string::npos) << client.buffer();
    return client.buffer().substr(at + name.size(), 32);
  }
};

struct Route {
  const char* name;
  const char* path;
  const char* body;
};

class EveryDialect : public StreamsTest, public ::testing::WithParamInterface<Route> {};

TEST_P(EveryDialect, IsReplayedByteByByte) {
  const RawResponse whole = ask(GetParam().path, GetParam().body);
  ASSERT_EQ(whole.status, 200) << whole.body;
  const std::string id = id_of(whole);
  ASSERT_EQ(id.size(), 32U);
  const std::string content_type = *whole.headers.find("Content-Type");

  const RawResponse again = get(id);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, whole.body);
  EXPECT_EQ(*again.headers.find("Content-Type"), content_type);
  EXPECT_EQ(id_of(again), id);

  const auto records = split_records(whole.body, content_type);
  ASSERT_GT(records.size(), 2U);
  std::string rest;
  for (std::size_t i = records.size(); i-- > 0;) {
    rest.insert(0, records[i]);
    EXPECT_EQ(get(id, "?from=" + std::to_string(i)).body, rest);
    if (content_type == http::kEventStreamContentType) {
      EXPECT_THAT(std::string(records[i]), ::testing::StartsWith("id: " + std::to_string(i) + "\n"));
    }
  }
  EXPECT_EQ(get(id, "", "Last-Event-ID: 0\r\n").body, whole.body.substr(records[0].size()));
  EXPECT_EQ(service_.request_count(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Routes, EveryDialect,
                         ::testing::Values(Route{"generate", "/api/generate",
                                                 R"({"model": "plain", "prompt": "Hi"})"},
                                           Route{"chat", "/api/chat", kChat},
                                           Route{"completions", "/v1/completions",
                                                 R"({"model": "plain", "prompt": "Hi", "stream": true})"},
                                           Route{"chat_completions", "/v1/chat/completions", kChat},
                                           Route{"responses", "/v1/responses",
                                                 R"({"model": "plain", "input": "Hi", "stream": true})"},
                                           Route{"messages", "/v1/messages", kChat}),
                         [](const auto& route) { return std::string(route.param.name); });

TEST_F(StreamsTest, ADroppedConnectionsAnswerGoesOn) {
  RawClient first(server().port());
  const auto [request, id] = begin_to_speak(first);
  ASSERT_TRUE(first.read_until("Hel"));
  first.close();

  request->push_text("lo");
  RawClient second(server().port());
  second.send("GET /api/streams/" + id + "?from=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(second.read_until("lo"));
  EXPECT_THAT(second.buffer(), Not(HasSubstr("Hel")));
  second.close();
  EXPECT_FALSE(request->dropped());

  request->push_done();
  const RawResponse whole = get(id);
  EXPECT_TRUE(whole.complete);
  const auto records = testing::records_of(whole.body);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0]["message"]["content"], "Hel");
  EXPECT_EQ(records[1]["message"]["content"], "lo");
  EXPECT_EQ(records[2]["done"], true);
}

TEST_F(StreamsTest, SeveralClientsReadOneStream) {
  RawClient first(server().port());
  const auto [request, id] = begin_to_speak(first);
  RawClient second(server().port());
  second.send("GET /api/streams/" + id + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(second.read_until("Hel"));
  request->push_done();
  const RawResponse one = first.read_response();
  EXPECT_TRUE(one.complete);
  EXPECT_EQ(one.body, second.read_response().body);
}

TEST_F(StreamsTest, NobodyReadingCancelsAfterTheGracePeriod) {
  core_options_.streams.grace = 1ms;
  RawClient client(server().port());
  const auto [request, id] = begin_to_speak(client);
  client.close();
  EXPECT_TRUE(eventually([&] { return request->dropped(); }));
  const RawResponse gone = get(id);
  EXPECT_EQ(gone.status, 404);
  EXPECT_THAT(gone.body, HasSubstr("there is no stream '" + id + "'"));
}

TEST_F(StreamsTest, AClientThatHasNotHeardTheIdCancelsAtOnce) {
  service_.on_submit = nullptr;
  RawClient client(server().port());
  const auto request = begin(client);
  client.close();
  EXPECT_TRUE(eventually([&] { return request->dropped(); }));
}

TEST_F(StreamsTest, AnEndedStreamIsForgottenAfterAWhile) {
  core_options_.streams.kept_after = 1ms;
  const std::string id = id_of(ask());
  EXPECT_TRUE(eventually([&] { return get(id).status == 404; }));
}

TEST_F(StreamsTest, DeleteCancelsAndTellsTheReader) {
  RawClient client(server().port());
  const auto [request, id] = begin_to_speak(client);
  EXPECT_EQ(server().call("DELETE", "/api/streams/" + id).status, 204);
  const RawResponse answer = client.read_response();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(testing::records_of(answer.body).back()["error"], "the stream was cancelled");
  EXPECT_TRUE(eventually([&] { return request->dropped(); }));
  EXPECT_EQ(get(id).status, 404);
  EXPECT_EQ(server().call("DELETE", "/api/streams/" + id).status, 404);
}

TEST_F(StreamsTest, RecordsThatFellOutAreGone) {
  core_options_.streams.stream_records = 2;
  const RawResponse whole = ask();
  EXPECT_EQ(testing::records_of(whole.body).size(), 3U);  // the reader that is there misses nothing
  const RawResponse gone = get(id_of(whole));
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(Json::parse(gone.body)["error"], "record 0 of this stream is no longer kept; the oldest is 1");
  EXPECT_EQ(get(id_of(whole), "?from=1").status, 200);
}

TEST_F(StreamsTest, APlaceThatIsNoneIsRefused) {
  const std::string id = id_of(ask());
  for (const char* query : {"?from=4", "?from=-1", "?from=x", "?from="}) {
    EXPECT_EQ(get(id, query).status, 400) << query;
  }
  EXPECT_EQ(get(id, "", "Last-Event-ID: z\r\n").status, 400);
  EXPECT_EQ(get("0123").status, 404);
}

TEST_F(StreamsTest, AnErrorBeforeTheFirstRecordIsAStatus) {
  service_.on_submit = [](testing::FakeRequest&) {
    throw base::Error(base::ErrorCode::kResourceExhausted, "the queue is full");
  };
  const RawResponse refused = ask("/v1/chat/completions");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(Json::parse(refused.body)["error"]["message"], "the queue is full");
  EXPECT_EQ(id_of(refused), "");
}

TEST_F(StreamsTest, AnErrorLaterIsARecordForEveryReader) {
  service_.on_submit = [](testing::FakeRequest& request) {
    request.push_ready();
    request.push_text("Hel");
    request.push(base::Error(base::ErrorCode::kDevice, "it broke"));
  };
  const RawResponse cut = ask();
  EXPECT_EQ(testing::records_of(cut.body).back()["error"], "it broke");
  EXPECT_EQ(get(id_of(cut)).body, cut.body);
}

TEST_F(StreamsTest, WithoutRoomAnAnswerIsAsUsual) {
  core_options_.streams.streams = 1;
  const std::string id = id_of(ask());
  std::string next;  // takes the place of the one that has ended, once its reader has left
  EXPECT_TRUE(eventually([&] { return !(next = id_of(ask())).empty(); }));
  EXPECT_EQ(get(id).status, 404);
  EXPECT_EQ(get(next).status, 200);

  RawClient client(server().port());
  const auto [request, running] = begin_to_speak(client);
  service_.on_submit = [](testing::FakeRequest& other) {
    other.push_ready();
    other.push_done();
  };
  const RawResponse usual = ask();
  EXPECT_EQ(usual.status, 200);
  EXPECT_EQ(id_of(usual), "");
  request->push_done();
  EXPECT_TRUE(client.read_response().complete);
}

TEST_F(StreamsTest, OnlyWhoAsksGetsAStreamThatGoesOn) {
  EXPECT_EQ(id_of(server().post("/api/chat", kChat)), "");
  EXPECT_EQ(id_of(server().call("POST", "/api/chat", kChat, "X-Axllama-Resumable: 0\r\n")), "");
}

}  // namespace
}  // namespace axllama::api::streams
