#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include "base/error.h"
#include "http/status.h"
#include "http/testing/raw_client.h"

namespace axllama::http {
namespace {

using namespace std::chrono_literals;
using testing::RawClient;
using testing::RawResponse;

Awaitable<void> sleep(std::chrono::milliseconds duration) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, duration);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

/// True as soon as `condition` holds; false when it does not within the patience of a test.
template <typename Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + RawClient::kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

/// Counts handlers that were unwound before their end.
struct Unwound {
  explicit Unwound(std::atomic<int>& counter) : counter_(counter) {}
  ~Unwound() { counter_ += completed ? 0 : 1; }
  Unwound(const Unwound&) = delete;
  Unwound& operator=(const Unwound&) = delete;
  bool completed = false;

 private:
  std::atomic<int>& counter_;
};

class CountingSink final : public BodySink {
 public:
  void write(std::string_view bytes) override {
    if (bytes.find("full") != std::string_view::npos) {
      throw base::Error(base::ErrorCode::kResourceExhausted, "the disk is full");
    }
    count += bytes.size();
  }
  std::size_t count = 0;
};

Awaitable<void> tell_count(Request& request, ResponseWriter& response) {
  const std::string text = std::to_string(static_cast<CountingSink&>(*request.body_sink).count) + " " +
                           std::to_string(request.body.size());
  co_await response.respond(200, kTextContentType, text);
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { options_.log_requests = false; }

  void start() {
    auto router = std::make_shared<Router>();
    add_routes(*router);
    options_.listeners = {Listener{{.host = "127.0.0.1", .port = 0}, router, {"https://allowed.example"}}};
    server_ = std::make_unique<Server>(options_);
    server_->start();
    port_ = server_->endpoints().front().port;
  }

  void add_routes(Router& router) {
    router.add("GET", "/", [](Request&, ResponseWriter& response) -> Awaitable<void> {
      co_await response.respond(200, kTextContentType, "hello");
    });
    router.add("HEAD", "/", [](Request&, ResponseWriter& response) -> Awaitable<void> {
      co_await response.respond(200, kTextContentType, "hello");
    });
    router.add("POST", "/echo", [](Request& request, ResponseWriter& response) -> Awaitable<void> {
      co_await response.respond(200, "application/octet-stream", request.body);
    });
    router.add("POST", "/small",
               [](Request&, ResponseWriter& response) -> Awaitable<void> {
                 co_await response.respond(200, kTextContentType, "ok");
               },
               {.body_limit = 10});
    router.add(
        "POST", "/upload/:kind", tell_count,
        {.body_limit = 1ULL << 40, .body_sink = [](const Request& request) -> std::shared_ptr<BodySink> {
           if (request.path_parameter("kind") == "bad") {
             throw base::Error(base::ErrorCode::kInvalidArgument, "not this kind");
           }
           return std::make_shared<CountingSink>();
         }});
    // Three records, then the end when the test says so.
    router.add("GET", "/stream", [this](Request&, ResponseWriter& response) -> Awaitable<void> {
      Unwound unwound(unwound_);
      ++running_;
      response.start_stream(200, kNdjsonContentType);
      for (int i = 0; i < 3; ++i) {
        co_await response.write("{\"n\":" + std::to_string(i) + "}\n");
      }
      while (!release_) {
        co_await sleep(1ms);
      }
      co_await response.finish("{\"done\":true}\n");
      unwound.completed = true;
    });
    // Says nothing until the test says so.
    router.add("POST", "/wait", [this](Request&, ResponseWriter& response) -> Awaitable<void> {
      Unwound unwound(unwound_);
      ++running_;
      while (!release_) {
        co_await sleep(1ms);
      }
      co_await response.respond(200, kTextContentType, "waited");
      unwound.completed = true;
    });
    // Writes without end.
    router.add("GET", "/flood", [this](Request&, ResponseWriter& response) -> Awaitable<void> {
      Unwound unwound(unwound_);
      response.start_stream(200, kNdjsonContentType);
      const std::string record = std::string(1023, 'x') + "\n";
      while (true) {
        co_await response.write(record);
        flooded_ += record.size();
      }
    });
    router.add("GET", "/throw", [](Request& request, ResponseWriter&) -> Awaitable<void> {
      if (request.query == "known") {
        throw base::Error(base::ErrorCode::kNotFound, "there is no \"thing\"", "secret detail");
      }
      throw std::runtime_error("secret");
      co_return;
    });
    router.add("GET", "/throw-late", [](Request&, ResponseWriter& response) -> Awaitable<void> {
      response.start_stream(200, kNdjsonContentType);
      co_await response.write("{\"n\":0}\n");
      throw std::runtime_error("too late");
    });
    router.add("GET", "/silent", [](Request&, ResponseWriter&) -> Awaitable<void> { co_return; });
  }

  ServerOptions options_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  std::atomic<bool> release_{false};
  std::atomic<int> running_{0};
  std::atomic<int> unwound_{0};
  std::atomic<std::size_t> flooded_{0};
};

TEST_F(ServerTest, KeepsAConnectionForManyRequests) {
  start();
  RawClient client(port_);
  for (int i = 0; i < 50; ++i) {
    const RawResponse response = client.exchange("GET", "/");
    ASSERT_EQ(response.status, 200);
    ASSERT_EQ(response.body, "hello");
    ASSERT_EQ(*response.headers.find("Content-Type"), "text/plain; charset=utf-8");
    ASSERT_EQ(response.headers.find("X-Request-Id")->size(), 16U);
    ASSERT_EQ(response.headers.find("Connection"), nullptr);
  }
  EXPECT_EQ(server_->connection_count(), 1U);
  const RawResponse last = client.exchange("GET", "/", "", "Host: localhost\r\nConnection: close\r\n");
  EXPECT_EQ(*last.headers.find("Connection"), "close");
  EXPECT_TRUE(client.reaches_end());
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(port_);
  std::string requests;
  constexpr int kCount = 200;
  for (int i = 0; i < kCount; ++i) {
    const std::string body = "body " + std::to_string(i);
    requests += "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body;
  }
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < kCount; ++i) {
    ASSERT_EQ(client.read_response().body, "body " + std::to_string(i));
  }
}

TEST_F(ServerTest, PipelinedRequestsBehindALongAnswerWait) {
  start();
  RawClient client(port_);
  // More than the server reads ahead.
  std::string requests = "POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
  constexpr int kCount = 20;
  const std::string body(16 * 1024, 'b');
  for (int i = 0; i < kCount; ++i) {
    requests += "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body;
  }
  std::thread sender([&] { client.send(requests); });
  ASSERT_TRUE(eventually([&] { return running_ == 1; }));
  std::this_thread::sleep_for(50ms);
  release_ = true;
  EXPECT_EQ(client.read_response().body, "waited");
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(client.read_response().body, body);
  }
  sender.join();
  EXPECT_EQ(unwound_, 0);
}

TEST_F(ServerTest, TakesARequestByteByByte) {
  start();
  RawClient client(port_);
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (const char c : request) {
    ASSERT_TRUE(client.send(std::string(1, c)));
  }
  EXPECT_EQ(client.read_response().body, "abcde");
}

TEST_F(ServerTest, SaysContinueWhenAsked) {
  start();
  RawClient client(port_);
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(client.read_until("HTTP/1.1 100 Continue\r\n\r\n"));
  client.send("hello");
  const RawResponse response = client.read_response();
  EXPECT_EQ(response.interim, 1);
  EXPECT_EQ(response.body, "hello");
}

TEST_F(ServerTest, DoesNotSayContinueToWhatItRefuses) {
  start();
  RawClient client(port_);
  client.send(
      "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  const RawResponse response = client.read_response();
  EXPECT_EQ(response.interim, 0);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(*response.headers.find("Connection"), "close");
}

TEST_F(ServerTest, UnknownRoutesAndMethods) {
  start();
  RawClient client(port_);
  const RawResponse unknown = client.exchange("GET", "/nothing");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, "404 page not found");
  EXPECT_EQ(*unknown.headers.find("Content-Type"), "text/plain; charset=utf-8");
  const RawResponse method = client.exchange("DELETE", "/echo", "a body on DELETE");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.body, "405 method not allowed");
  EXPECT_EQ(*method.headers.find("Allow"), "POST");
  const RawResponse redirect = client.exchange("POST", "/echo/?a=%20b", "body");
  EXPECT_EQ(redirect.status, 307);
  EXPECT_EQ(*redirect.headers.find("Location"), "/echo?a=%20b");
  EXPECT_EQ(client.exchange("GET", "/stream/").status, 301);
  const RawResponse head = client.exchange("HEAD", "/");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(*head.headers.find("Content-Length"), "5");
  EXPECT_EQ(client.exchange("HEAD", "/stream").status, 405);
  EXPECT_EQ(client.exchange("GET", "/").body, "hello");  // the connection is still in step
}

TEST_F(ServerTest, ChecksOriginAndHost) {
  start();
  RawClient client(port_);
  const RawResponse refused =
      client.exchange("POST", "/echo", "x", "Host: localhost\r\nOrigin: https://evil.example\r\n");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("{\"error\":\"the web page at https://evil.example"), std::string::npos);
  EXPECT_NE(refused.headers.find("Content-Type")->find("application/json"), std::string::npos);
  const RawResponse allowed =
      client.exchange("POST", "/echo", "x", "Host: localhost\r\nOrigin: https://allowed.example\r\n");
  EXPECT_EQ(allowed.status, 200);
  EXPECT_EQ(*allowed.headers.find("Access-Control-Allow-Origin"), "https://allowed.example");
  const RawResponse preflight =
      client.exchange("OPTIONS", "/echo", "", "Host: localhost\r\nOrigin: https://allowed.example\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.find("Content-Length"), nullptr);
  const RawResponse host = client.exchange("GET", "/", "", "Host: evil.example\r\n");
  EXPECT_EQ(host.status, 403);
  EXPECT_NE(host.body.find("OLLAMA_HOST"), std::string::npos);
  EXPECT_EQ(client.exchange("GET", "/").status, 200);
  // Routes that do not exist still tell an allowed page so.
  EXPECT_NE(client.exchange("GET", "/x", "", "Host: localhost\r\nOrigin: http://localhost:1\r\n")
                .headers.find("Access-Control-Allow-Origin"),
            nullptr);
}

TEST_F(ServerTest, RefusesMalformedRequestsAndGoesOn) {
  start();
  for (const auto& [request, status] : std::vector<std::pair<std::string, int>>{
           {"nonsense\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\n\r\n", 400},
           {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
           {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", 431},
           {"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400},
           {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400}}) {  // a TLS hello
    RawClient client(port_);
    client.send(request);
    if (request[0] == '\x16') {
      client.finish_sending();
      EXPECT_TRUE(client.reaches_end());
      continue;
    }
    const RawResponse response = client.read_response();
    EXPECT_EQ(response.status, status) << request.substr(0, 30);
    EXPECT_EQ(response.body.rfind("{\"error\":\"", 0), 0U) << response.body;
    EXPECT_TRUE(client.reaches_end());
  }
  EXPECT_EQ(RawClient(port_).exchange("GET", "/").status, 200);
}

TEST_F(ServerTest, LimitsBodies) {
  options_.limits.body_bytes = 1000;
  start();
  RawClient client(port_);
  EXPECT_EQ(client.exchange("POST", "/echo", std::string(1000, 'x')).status, 200);
  const RawResponse declared = client.exchange("POST", "/echo", std::string(1001, 'x'));
  EXPECT_EQ(declared.status, 413);
  EXPECT_NE(declared.body.find("larger than the 1000 bytes"), std::string::npos);
  EXPECT_EQ(client.exchange("POST", "/small", std::string(11, 'x')).status, 413);
  EXPECT_EQ(client.exchange("POST", "/small", "x").status, 200);  // short refused bodies keep the connection

  RawClient chunked(port_);
  chunked.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) {
    chunked.send("64\r\n" + std::string(100, 'x') + "\r\n");
  }
  EXPECT_EQ(chunked.read_response().status, 413);
}

TEST_F(ServerTest, BodiesMayGoToASinkInsteadOfMemory) {
  options_.limits.buffered_body_bytes = 1000;
  start();
  RawClient client(port_);
  const std::string body(3'000'000, 'x');
  EXPECT_EQ(client.exchange("POST", "/upload/good", body, "Host: localhost\r\n").body, "3000000 0");
  const RawResponse bad = client.exchange("POST", "/upload/bad", "x", "Host: localhost\r\n");
  EXPECT_EQ(bad.status, 400);
  EXPECT_NE(bad.body.find("not this kind"), std::string::npos);
  const RawResponse full = client.exchange("POST", "/upload/good", "full", "Host: localhost\r\n");
  EXPECT_EQ(full.status, 503);
  EXPECT_NE(full.body.find("the disk is full"), std::string::npos);
}

TEST_F(ServerTest, ALargeRefusedUploadStillReadsItsAnswer) {
  options_.limits.body_bytes = 1000;
  start();
  RawClient client(port_);
  const std::string body(20 << 20, 'x');
  std::thread sender([&] {
    client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n");
    client.send(body);
  });
  const RawResponse response = client.read_response();
  EXPECT_EQ(response.status, 413);
  EXPECT_TRUE(response.complete);
  sender.join();
}

TEST_F(ServerTest, LimitsTheBodiesOfAllTogether) {
  options_.limits.buffered_body_bytes = 1000;
  start();
  RawClient holder(port_);
  holder.send("POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n" +
              std::string(900, 'x'));
  ASSERT_TRUE(eventually([&] { return running_ == 1; }));
  RawClient other(port_);
  const RawResponse refused = other.exchange("POST", "/echo", std::string(200, 'x'));
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.headers.find("Retry-After"), nullptr);
  release_ = true;
  EXPECT_EQ(holder.read_response().status, 200);
  EXPECT_TRUE(eventually(
      [&] { return RawClient(port_).exchange("POST", "/echo", std::string(200, 'x')).status == 200; }));
}

TEST_F(ServerTest, TenMegabytesComeAndGo) {
  start();
  RawClient client(port_);
  std::string body(10 << 20, ' ');
  for (std::size_t i = 0; i < body.size(); ++i) {
    body[i] = static_cast<char>('a' + i % 26);
  }
  RawResponse response;
  std::thread sender([&] {
    client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n");
    client.send(body);
  });
  response = client.read_response();
  sender.join();
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.body, body);
}

TEST_F(ServerTest, SlowClientsAreTimedOut) {
  options_.limits.header_timeout = 500ms;
  options_.limits.body_stall_timeout = 500ms;
  options_.limits.idle_timeout = 500ms;
  start();
  RawClient silent(port_);
  RawClient slow_header(port_);
  slow_header.send("GET / HT");
  RawClient slow_body(port_);
  slow_body.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  RawClient idle(port_);
  EXPECT_EQ(idle.exchange("GET", "/").status, 200);
  EXPECT_EQ(slow_header.read_response().status, 408);
  EXPECT_TRUE(slow_header.reaches_end());
  EXPECT_EQ(slow_body.read_response().status, 408);
  EXPECT_TRUE(slow_body.reaches_end());
  EXPECT_TRUE(silent.reaches_end());
  EXPECT_TRUE(silent.buffer().empty());
  EXPECT_TRUE(idle.reaches_end());
  EXPECT_TRUE(idle.buffer().empty());
}

TEST_F(ServerTest, ADrippingHeaderIsTimedOutAsAWhole) {
  options_.limits.header_timeout = 200ms;
  start();
  RawClient client(port_);
  std::string request = "GET / HTTP/1.1\r\nX: " + std::string(1000, 'x');
  std::size_t sent = 0;
  const auto begin = std::chrono::steady_clock::now();
  while (sent < request.size() && !client.read_more(10ms)) {
    client.send(request.substr(sent++, 1));
  }
  EXPECT_EQ(client.read_response().status, 408);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(ServerTest, NoTimeoutWhileAnAnswerIsMade) {
  options_.limits.header_timeout = 300ms;
  options_.limits.body_stall_timeout = 300ms;
  options_.limits.idle_timeout = 300ms;
  options_.limits.write_stall_timeout = 300ms;
  start();
  RawClient client(port_);
  client.send("POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  std::this_thread::sleep_for(1000ms);
  release_ = true;
  EXPECT_EQ(client.read_response().body, "waited");
}

TEST_F(ServerTest, StreamsRecordByRecord) {
  start();
  RawClient client(port_);
  client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // Everything written so far arrives although the stream goes on.
  ASSERT_TRUE(client.read_until("{\"n\":2}\n\r\n"));
  EXPECT_NE(client.buffer().find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_NE(client.buffer().find("Content-Type: application/x-ndjson"), std::string::npos);
  EXPECT_EQ(client.buffer().find("done"), std::string::npos);
  release_ = true;
  const RawResponse response = client.read_response();
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.body, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"done\":true}\n");
  EXPECT_EQ(client.exchange("GET", "/").status, 200);
}

TEST_F(ServerTest, StreamsToHttp10UntilTheEndOfTheConnection) {
  release_ = true;
  start();
  RawClient client(port_);
  client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const RawResponse response = client.read_response();
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.headers.find("Transfer-Encoding"), nullptr);
  EXPECT_EQ(*response.headers.find("Connection"), "close");
  EXPECT_EQ(response.body, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"done\":true}\n");
  RawClient kept(port_);
  kept.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(*kept.read_response().headers.find("Connection"), "keep-alive");
}

TEST_F(ServerTest, ADisconnectUnwindsTheHandlerAtOnce) {
  start();
  for (const char* request : {"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n",
                              "POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
                              "POST /wait HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"}) {
    const int before = unwound_;
    const int running = running_;
    RawClient client(port_);
    client.send(request);
    ASSERT_TRUE(eventually([&] { return running_ > running; }));
    if (request[0] == 'G') {
      ASSERT_TRUE(client.read_until("{\"n\":2}"));
    }
    const auto begin = std::chrono::steady_clock::now();
    client.close();
    ASSERT_TRUE(eventually([&] { return unwound_ == before + 1; })) << request;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  }
}

TEST_F(ServerTest, AHalfClosedClientStillGetsItsStream) {
  start();
  RawClient client(port_);
  client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(client.read_until("{\"n\":2}\n\r\n"));
  client.finish_sending();
  ASSERT_TRUE(client.read_until("{\"n\":2}\n\r\n0")) << "the server looks whether somebody reads";
  EXPECT_EQ(unwound_, 0);
  release_ = true;
  const RawResponse response = client.read_response();
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.body, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n{\"done\":true}\n");
}

TEST_F(ServerTest, AHalfClosedClientStillGetsItsAnswer) {
  start();
  RawClient client(port_);
  client.send("POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
  client.finish_sending();
  ASSERT_TRUE(eventually([&] { return running_ == 1; }));
  std::this_thread::sleep_for(100ms);
  release_ = true;
  const RawResponse response = client.read_response();
  EXPECT_EQ(response.body, "waited");
  EXPECT_EQ(response.interim, 1);
  EXPECT_EQ(unwound_, 0);
  EXPECT_TRUE(client.reaches_end());
}

TEST_F(ServerTest, AHalfClosedClientThatThenLeavesIsNoticed) {
  start();
  RawClient client(port_);
  client.send("POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
  client.finish_sending();
  ASSERT_TRUE(eventually([&] { return running_ == 1; }));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(unwound_, 0);
  client.close();  // with the interim answer unread: a reset
  EXPECT_TRUE(eventually([&] { return unwound_ == 1; }));
}

TEST_F(ServerTest, AClientThatStopsReadingHoldsBackTheStream) {
  options_.limits.write_stall_timeout = 10'000ms;
  start();
  RawClient client(port_, 4096);
  client.send("GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(client.read_more());
  std::size_t before = 0;
  ASSERT_TRUE(eventually([&] {
    const std::size_t now = flooded_;
    std::this_thread::sleep_for(100ms);
    before = now;
    return now > 0 && now == flooded_;
  }));
  EXPECT_LT(before, 32U << 20U);
  // It goes on as soon as the client reads.
  while (flooded_ == before) {
    ASSERT_TRUE(client.read_more());
  }
  client.close();
  EXPECT_TRUE(eventually([&] { return unwound_ == 1; }));
}

TEST_F(ServerTest, AClientThatNeverReadsIsGivenUp) {
  options_.limits.write_stall_timeout = 100ms;
  start();
  RawClient client(port_, 4096);
  client.send("GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return unwound_ == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
}

TEST_F(ServerTest, HandlersThatFail) {
  start();
  RawClient client(port_);
  const RawResponse known = client.exchange("GET", "/throw?known");
  EXPECT_EQ(known.status, 404);
  EXPECT_EQ(known.body, "{\"error\":\"there is no \\\"thing\\\"\"}");
  ::testing::internal::CaptureStderr();
  const RawResponse unknown = client.exchange("GET", "/throw");
  const RawResponse silent = client.exchange("GET", "/silent");
  RawClient other(port_);
  const RawResponse late = other.exchange("GET", "/throw-late");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(unknown.status, 500);
  EXPECT_EQ(unknown.body.find("secret"), std::string::npos);
  EXPECT_EQ(silent.status, 500);
  EXPECT_EQ(late.status, 200);
  EXPECT_FALSE(late.complete) << "a stream that failed must not look finished";
  EXPECT_NE(log.find("error=secret"), std::string::npos);
  EXPECT_NE(log.find("error=\"too late\""), std::string::npos);
  EXPECT_EQ(client.exchange("GET", "/").status, 200);
}

TEST_F(ServerTest, StoppingClosesIdleConnectionsAndLetsAnswersEnd) {
  start();
  RawClient idle(port_);
  EXPECT_EQ(idle.exchange("GET", "/").status, 200);
  RawClient busy(port_);
  busy.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(busy.read_until("{\"n\":2}"));
  std::thread stopper([&] { server_->stop(20s); });
  EXPECT_TRUE(idle.reaches_end());
  EXPECT_TRUE(eventually([&] {
    try {
      RawClient late(port_);
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  }));
  release_ = true;
  const RawResponse response = busy.read_response();
  EXPECT_TRUE(response.complete);
  EXPECT_NE(response.body.find("done"), std::string::npos);
  EXPECT_TRUE(busy.reaches_end());
  stopper.join();
  EXPECT_EQ(unwound_, 0);
}

TEST_F(ServerTest, NewConnectionsAreServedOnceUntilItStops) {
  start();
  RawClient before(port_);  // taken already, but its request is still on its way
  RawClient idle(port_);
  EXPECT_EQ(idle.exchange("GET", "/").status, 200);
  server_->begin_stop();
  EXPECT_TRUE(idle.reaches_end());
  RawClient after(port_);
  for (RawClient* const late : {&before, &after}) {
    const RawResponse response = late->exchange("GET", "/");
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.headers.has_token("Connection", "close"));
    EXPECT_TRUE(late->reaches_end());
  }
  RawClient silent(port_);
  server_->stop(20s);
  EXPECT_TRUE(silent.reaches_end());
  EXPECT_THROW(RawClient{port_}, std::runtime_error);
}

TEST_F(ServerTest, StoppingEndsWhatDoesNotEndInTime) {
  start();
  RawClient busy(port_);
  busy.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(busy.read_until("{\"n\":2}"));
  RawClient flooded(port_, 4096);
  flooded.send("GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(flooded.read_more());
  RawClient half(port_);
  half.send("POST /echo HTTP/1.1\r\nHost: lo");
  const auto begin = std::chrono::steady_clock::now();
  server_->stop(50ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_EQ(unwound_, 2);
  EXPECT_FALSE(busy.read_response().complete);
}

TEST_F(ServerTest, LimitsConnections) {
  options_.limits.connections = 3;
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(port_));
    ASSERT_EQ(clients.back()->exchange("GET", "/").status, 200);
  }
  RawClient turned_away(port_);
  const RawResponse response = turned_away.read_response();
  EXPECT_EQ(response.status, 503);
  EXPECT_TRUE(response.complete);
  clients.pop_back();
  EXPECT_TRUE(eventually([&] { return RawClient(port_).exchange("GET", "/").status == 200; }));
}

TEST_F(ServerTest, AnAddressInUseIsASentence) {
  start();
  ServerOptions second;
  second.listeners = {Listener{{.host = "127.0.0.1", .port = port_}, std::make_shared<Router>(), {}}};
  Server server(second);
  try {
    server.start();
    FAIL() << "two servers on one address";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kUnavailable);
    EXPECT_NE(error.message().find("cannot listen on 127.0.0.1:" + std::to_string(port_) +
                                   ": Address already in use"),
              std::string::npos)
        << error.message();
  }
}

TEST_F(ServerTest, AnyBytesAreSurvived) {
  options_.limits.header_timeout = 200ms;
  options_.limits.body_stall_timeout = 200ms;
  options_.limits.linger_timeout = 200ms;
  start();
  std::mt19937 random(7);
  const std::string valid = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
  for (int round = 0; round < 300; ++round) {
    RawClient client(port_);
    std::string bytes = valid + valid + valid;
    for (int i = 0; i < 3; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    client.send(bytes);
    if (random() % 2 == 0) {
      client.finish_sending();
      client.reaches_end(1s);
    }
  }
  EXPECT_TRUE(eventually([&] { return RawClient(port_).exchange("GET", "/").status == 200; }));
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));
}

TEST_F(ServerTest, ManyClientsAtOnce) {
  start();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        RawClient client(port_);
        const std::string body = std::to_string(t) + ":" + std::to_string(i);
        good += client.exchange("POST", "/echo", body).body == body ? 1 : 0;
        good += client.exchange("GET", "/").body == "hello" ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(good, 8 * 40 * 2);
}

}  // namespace
}  // namespace axllama::http
