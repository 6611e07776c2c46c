#include "http/fetch.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "http/server.h"
#include "http/status.h"

namespace axllama::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Awaitable<void> tell_secret(Request& request, ResponseWriter& response) {
  const std::string* secret = request.headers.find("Authorization");
  const std::string text = secret == nullptr ? "none" : *secret;
  co_await response.respond(200, kTextContentType, text);
}

Awaitable<void> redirect(std::string to, ResponseWriter& response) {
  response.set_header("Location", to);
  co_await response.respond(307, kTextContentType, "elsewhere");
}

Awaitable<void> echo(Request& request, ResponseWriter& response) {
  response.set_header("X-Method", request.method);
  co_await response.respond(201, "application/octet-stream", request.body);
}

Awaitable<void> refuse(ResponseWriter& response) {
  co_await response.respond(404, kTextContentType, "no such thing");
}

Awaitable<void> stall(ResponseWriter& response) {
  response.start_stream(200, kTextContentType);
  co_await response.write("a little");
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 60s);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

class FetchTest : public ::testing::Test {
 protected:
  FetchTest() {
    auto router = std::make_shared<Router>();
    router->add("GET", "/secret",
                [](Request& request, ResponseWriter& response) { return tell_secret(request, response); });
    router->add("GET", "/here",
                [](Request&, ResponseWriter& response) { return redirect("/secret", response); });
    router->add("GET", "/other", [this](Request&, ResponseWriter& response) {
      return redirect("http://localhost:" + std::to_string(port()) + "/secret", response);
    });
    for (const char* method : {"POST", "PUT", "PATCH"}) router->add(method, "/echo", echo);
    router->add("GET", "/missing", [](Request&, ResponseWriter& response) { return refuse(response); });
    router->add("GET", "/stall", [](Request&, ResponseWriter& response) { return stall(response); });
    ServerOptions options;
    options.log_requests = false;
    options.listeners = {Listener{{.host = "127.0.0.1", .port = 0}, router, {}}};
    server_ = std::make_unique<Server>(options);
    server_->start();
  }

  std::uint16_t port() const { return server_->endpoints().front().port; }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port()) + path;
  }

  std::unique_ptr<Server> server_;
  Fetcher fetcher_{{.silence_timeout = 10s}};
};

TEST_F(FetchTest, FollowsRedirectsButKeepsCredentialsToTheirHost) {
  const std::vector<std::pair<std::string, std::string>> secret{{"Authorization", "Bearer s"}};
  const FetchResponse same = fetcher_.fetch({.url = url("/here"), .headers = secret});
  EXPECT_EQ(same.body, "Bearer s");
  EXPECT_EQ(same.url, url("/secret"));
  EXPECT_EQ(fetcher_.fetch({.url = url("/other"), .headers = secret}).body, "none");
  const FetchResponse first = fetcher_.fetch({.url = url("/here"), .follow_redirects = false});
  EXPECT_EQ(first.head.status, 307);
  EXPECT_EQ(*first.head.headers.find("location"), "/secret");
}

TEST_F(FetchTest, SendsBodiesFromMemoryAndInPieces) {
  EXPECT_EQ(fetcher_.fetch({.method = "POST", .url = url("/echo"), .body = "text"}).body, "text");
  std::string rest(200'000, 'u');
  FetchRequest upload{.method = "PATCH", .url = url("/echo")};
  upload.upload_size = rest.size();
  upload.upload = [&rest](char* buffer, std::size_t size) {
    const std::size_t count = rest.copy(buffer, std::min<std::size_t>(size, 1000));
    rest.erase(0, count);
    return count;
  };
  std::string got;
  upload.on_body = [&got](const FetchHead& head, std::string_view bytes) {
    EXPECT_EQ(head.status, 201);
    got += bytes;
  };
  const FetchResponse response = fetcher_.fetch(upload);
  EXPECT_EQ(*response.head.headers.find("X-Method"), "PATCH");
  EXPECT_EQ(got, std::string(200'000, 'u'));
  EXPECT_TRUE(response.body.empty());
}

TEST_F(FetchTest, StatusesAreNoErrors) {
  FetchRequest request{.url = url("/missing")};
  request.on_body = [](const FetchHead&, std::string_view) { FAIL(); };
  const FetchResponse response = fetcher_.fetch(request);
  EXPECT_EQ(response.head.status, 404);
  EXPECT_EQ(response.body, "no such thing");
}

TEST_F(FetchTest, BrokenConnectionsAreSentences) {
  const auto message = [this](const std::string& address) {
    try {
      fetcher_.fetch({.url = address});
    } catch (const base::Error& error) {
      return error.message();
    }
    return std::string();
  };
  EXPECT_THAT(message("http://127.0.0.1:1/x"), HasSubstr("the connection to 127.0.0.1:1 failed: "));
  EXPECT_THAT(message("ftp://127.0.0.1/x"), HasSubstr("is not an address"));
  Fetcher hasty({.connect_timeout = 50ms, .silence_timeout = 50ms});
  try {
    hasty.fetch({.url = url("/stall")});
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("does not answer"));
  }
}

TEST_F(FetchTest, TheProxyOfTheEnvironmentIsAskedButNotForThisMachine) {
  ::unsetenv("http_proxy");
  ::setenv("HTTP_PROXY", url("").c_str(), 1);
  // The server takes the part of the proxy, and refuses a name that is not its own.
  EXPECT_EQ(fetcher_.fetch({.url = "http://axllama.invalid/secret"}).head.status, 403);
  ::setenv("HTTP_PROXY", "http://127.0.0.1:1", 1);
  EXPECT_EQ(fetcher_.fetch({.url = url("/secret")}).head.status, 200);
  ::unsetenv("HTTP_PROXY");
}

TEST_F(FetchTest, CallbacksAndCancellationEndATransfer) {
  std::atomic<bool> cancelled{false};
  FetchRequest request{.url = url("/stall")};
  request.on_body = [&cancelled](const FetchHead&, std::string_view) { cancelled = true; };
  try {
    fetcher_.fetch(request, &cancelled);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kCancelled);
  }
  request.on_body = [](const FetchHead&, std::string_view) { throw std::runtime_error("enough"); };
  EXPECT_THROW(fetcher_.fetch(request), std::runtime_error);
}

}  // namespace
}  // namespace axllama::http
