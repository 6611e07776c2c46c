#include "http/client.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include "base/testing/error_of.h"
#include "http/server.h"
#include "http/status.h"

namespace axllama::http {
namespace {

using namespace std::chrono_literals;
using base::testing::error_of;

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    auto router = std::make_shared<Router>();
    router->add("POST", "/echo", [](Request& request, ResponseWriter& response) -> Awaitable<void> {
      const std::string* field = request.headers.find("Content-Type");
      const std::string type = field == nullptr ? "" : *field;
      co_await response.respond(201, type, request.body);
    });
    router->add("DELETE", "/echo", [](Request& request, ResponseWriter& response) -> Awaitable<void> {
      co_await response.respond(200, kTextContentType, request.method + request.body);
    });
    router->add("HEAD", "/", [](Request&, ResponseWriter& response) -> Awaitable<void> {
      co_await response.respond(200, kTextContentType, "");
    });
    router->add("GET", "/lines", [](Request&, ResponseWriter& response) -> Awaitable<void> {
      response.start_stream(200, kNdjsonContentType);
      co_await response.write("one\ntw");
      co_await response.write("o\r\n\nthree\n");
      co_await response.finish("four");
    });
    router->add("GET", "/endless", [this](Request&, ResponseWriter& response) -> Awaitable<void> {
      response.start_stream(200, kNdjsonContentType);
      co_await response.write("first\n");
      boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 60s);
      try {
        co_await timer.async_wait(boost::asio::use_awaitable);
      } catch (...) {
        ++unwound_;
        throw;
      }
    });
    router->add("GET", "/broken", [](Request&, ResponseWriter& response) -> Awaitable<void> {
      response.start_stream(200, kNdjsonContentType);
      co_await response.write("first\n");
    });
    ServerOptions options;
    options.listeners = {Listener{{.host = "127.0.0.1", .port = 0}, router, {}}};
    options.log_requests = false;
    server_ = std::make_unique<Server>(options);
    server_->start();
    url_ = server_->endpoints().front().base_url();
  }

  std::atomic<int> unwound_{0};
  std::unique_ptr<Server> server_;
  std::string url_;
};

TEST_F(ClientTest, SendsAndReceives) {
  Client client(url_);
  const ClientResponse response = client.request({.method = "POST", .path = "/echo", .body = "{\"a\":1}"});
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, "{\"a\":1}");
  EXPECT_EQ(client.request({.method = "DELETE", .path = "/echo", .body = "x"}).body, "DELETEx");
  EXPECT_EQ(client.request({.method = "HEAD", .path = "/"}).status, 200);
  EXPECT_EQ(client.request({.path = "/nothing"}).status, 404);
  EXPECT_EQ(client.request({.method = "POST", .path = "/echo"}).body, "");
  EXPECT_EQ(server_->connection_count(), 1U) << "the connection is kept";
}

TEST_F(ClientTest, SendsLargeBodiesWithoutWaiting) {
  Client client(url_);
  const std::string body(3 << 20, 'b');  // large enough for libcurl to ask with "Expect: 100-continue"
  // libcurl waits a second for the answer "100 Continue" before it sends the body unasked. A busy machine may
  // delay one request that long, but not each of several.
  auto fastest = std::chrono::steady_clock::duration::max();
  for (int attempt = 0; attempt < 5 && fastest >= 900ms; ++attempt) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(client.request({.method = "POST", .path = "/echo", .body = body}).body, body);
    fastest = std::min(fastest, std::chrono::steady_clock::now() - begin);
  }
  EXPECT_LT(fastest, 900ms) << "the server must answer 100 Continue";
}

TEST_F(ClientTest, HandsOverLines) {
  Client client(url_);
  std::vector<std::string> lines;
  const ClientResponse response = client.stream({.path = "/lines"}, [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.ended_early);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three", "four"}));
}

TEST_F(ClientTest, TheBodyOfAnErrorIsNoStream) {
  Client client(url_);
  const ClientResponse response = client.stream({.path = "/nothing"}, [](std::string_view) {
    ADD_FAILURE() << "not a record";
    return true;
  });
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "404 page not found");
}

TEST_F(ClientTest, EndsAStreamEarly) {
  Client client(url_);
  EXPECT_TRUE(client.stream({.path = "/endless"}, [](std::string_view) { return false; }).ended_early);
  std::atomic<bool> cancelled{false};
  const ClientResponse response = client.stream(
      {.path = "/endless"},
      [&](std::string_view) {
        cancelled = true;
        return true;
      },
      &cancelled);
  EXPECT_TRUE(response.ended_early);
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (unwound_ < 2 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(unwound_, 2) << "the server notices";
}

TEST_F(ClientTest, ExceptionsOfTheCallbackComeThrough) {
  Client client(url_);
  EXPECT_THROW(
      client.stream({.path = "/lines"}, [](std::string_view) -> bool { throw std::runtime_error("mine"); }),
      std::runtime_error);
  EXPECT_EQ(client.request({.method = "HEAD", .path = "/"}).status, 200);
}

TEST_F(ClientTest, ACutStreamIsAnError) {
  Client client(url_);
  ::testing::internal::CaptureStderr();
  const base::Error error =
      error_of([&] { client.stream({.path = "/broken"}, [](std::string_view) { return true; }); });
  ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(error.code(), base::ErrorCode::kUnavailable);
  EXPECT_EQ(error.message(),
            "the server at " + url_ + " ended the connection before its answer was complete");
}

TEST_F(ClientTest, NobodyListens) {
  server_->stop(0ms);
  Client client(url_);
  const base::Error error = error_of([&] { client.request({.path = "/"}); });
  EXPECT_EQ(error.code(), base::ErrorCode::kUnavailable);
  EXPECT_EQ(error.message(),
            "could not connect to the server at " + url_ + ", is it running? start it with: axllama serve");
}

TEST_F(ClientTest, SilenceCanBeLimited) {
  Client client(url_, {.silence_timeout = 100ms});
  const base::Error error =
      error_of([&] { client.stream({.path = "/endless"}, [](std::string_view) { return true; }); });
  EXPECT_EQ(error.message(), "the server at " + url_ + " did not answer in time");
}

TEST(ClientAddressTest, ABadAddressIsASentence) {
  Client client("http://");
  const base::Error error = error_of([&] { client.request({.path = ""}); });
  EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
  EXPECT_NE(error.message().find("check OLLAMA_HOST"), std::string::npos) << error.message();
}

}  // namespace
}  // namespace axllama::http
