// Bytes on a socket, as clients send them that are no library: the whole program's routes, and what is beside
// them.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "http/testing/raw_client.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

using http::testing::RawClient;
using http::testing::RawResponse;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kLocal = "Host: localhost\r\n";

class RawRequests : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<testing::ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }
  static std::uint16_t port() { return static_cast<std::uint16_t>(server_->port()); }

  static inline std::unique_ptr<testing::ServerProcess> server_;
};

json generate(const std::string& prompt, bool stream) {
  return {{"model", "axllama-tiny"},
          {"prompt", prompt},
          {"stream", stream},
          {"think", false},
          {"options", {{"temperature", 0}, {"num_predict", 4}}}};
}

std::string request_of(const std::string& path, const json& body) {
  const std::string text = body.dump();
  return "POST " + path + " HTTP/1.1\r\n" + kLocal + "Content-Length: " + std::to_string(text.size()) +
         "\r\n\r\n" + text;
}

std::string header(const RawResponse& response, const char* name) {
  const std::string* value = response.headers.find(name);
  return value == nullptr ? "" : *value;
}

/// The objects of a stream of lines.
std::vector<json> records(const std::string& body) {
  std::vector<json> found;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = body.find('\n', at);
    found.push_back(json::parse(body.substr(at, end - at)));
    at = end + 1;
  }
  return found;
}

TEST_F(RawRequests, PipelinedRequestsAreAnsweredInOrder) {
  RawClient client(port());
  ASSERT_TRUE(client.send(request_of("/api/generate", generate("Hello!", true)) +
                          "GET /api/version HTTP/1.1\r\n" + kLocal + "\r\n" +
                          request_of("/api/generate", generate("Hello!", false)) + "HEAD / HTTP/1.1\r\n" +
                          kLocal + "\r\n" + "GET /api/tags HTTP/1.1\r\n" + kLocal + "\r\n"));
  const RawResponse stream = client.read_response();
  ASSERT_EQ(stream.status, 200) << stream.body;
  EXPECT_EQ(header(stream, "Content-Type"), "application/x-ndjson");
  std::string text;
  for (const json& record : records(stream.body)) text += record["response"];
  EXPECT_TRUE(json::parse(client.read_response().body).contains("version"));
  EXPECT_EQ(json::parse(client.read_response().body)["response"], text);
  EXPECT_EQ(client.read_response(true).status, 200);
  EXPECT_TRUE(json::parse(client.read_response().body).contains("models"));
}

TEST_F(RawRequests, ARequestMayComeByteByByteAndInChunks) {
  const std::string body = generate("Hello!", false).dump();
  std::string text;
  for (const bool chunked : {false, true}) {
    RawClient client(port());
    std::string request = std::string("POST /api/generate HTTP/1.1\r\n") + kLocal;
    if (chunked) {
      request += "Transfer-Encoding: chunked\r\n\r\n";
      for (const char byte : body) request += std::string("1;x=y\r\n") + byte + "\r\n";
      request += "0\r\nTrailer: x\r\n\r\n";
    } else {
      request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    for (const char byte : request) ASSERT_TRUE(client.send(std::string(1, byte)));
    const RawResponse response = client.read_response();
    ASSERT_EQ(response.status, 200) << response.body;
    const std::string answer = json::parse(response.body)["response"];
    EXPECT_EQ(answer, chunked ? text : answer);
    text = answer;
  }
}

TEST_F(RawRequests, ALineOfEightMegabytesComesAndIsCutToTheContext) {
  // Many messages, of which only the last ones fit: Ollama's own client sends and takes lines of 8 000 000
  // bytes.
  constexpr std::size_t kBytes = 7'900'000;
  json body = {{"model", "axllama-tiny"}, {"stream", false}, {"options", {{"num_predict", 2}}}};
  std::string words;
  while (words.size() < 100'000) words += "word ";
  for (std::size_t bytes = 0; bytes < kBytes; bytes += words.size()) {
    body["messages"].push_back({{"role", "user"}, {"content", words}});
  }
  body["messages"].push_back({{"role", "user"}, {"content", "Hello!"}});
  RawClient client(port());
  ASSERT_TRUE(client.send(request_of("/api/chat", body)));
  const RawResponse response = client.read_response();
  ASSERT_EQ(response.status, 200) << response.body.substr(0, 500);
  EXPECT_EQ(json::parse(response.body)["done_reason"], "length");
  EXPECT_EQ(client.exchange("GET", "/").body, "Ollama is running");  // the connection is in step
}

TEST_F(RawRequests, BadFramingIsRefusedAndTheConnectionEnds) {
  const std::string post = std::string("POST /api/generate HTTP/1.1\r\n") + kLocal;
  for (const auto& [request, status] : std::vector<std::pair<std::string, int>>{
           {post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
           {post + "Transfer-Encoding: chunked\r\n\r\n5\r\nab\r\n\r\n0\r\n\r\n", 400},
           {post + "Content-Length: -5\r\n\r\n", 400},
           {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400},
           {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\n\r\n", 400},
           {std::string("GET / HTTP/1.1\r\n") + kLocal + "X: " + std::string(100'000, 'x') + "\r\n\r\n", 431},
           {"GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n" + kLocal + "\r\n", 431},
           {std::string("GET / HTTP/9.9\r\n") + kLocal + "\r\n", 505}}) {
    RawClient client(port());
    client.send(request);
    const RawResponse response = client.read_response();
    EXPECT_EQ(response.status, status) << request.substr(0, 120) << "\n" << response.body;
    EXPECT_TRUE(json::parse(response.body, nullptr, false).contains("error")) << response.body;
    EXPECT_TRUE(client.reaches_end());
  }
  EXPECT_EQ(RawClient(port()).exchange("GET", "/").status, 200);
}

struct Route {
  const char* method;
  const char* path;
  int status;
  const char* body;      // that it begins with
  const char* location;  // of redirects
};

TEST_F(RawRequests, MethodsAndPathsThatAreNotThere) {
  RawClient client(port());
  for (const Route& route :
       std::vector<Route>{{"GET", "/", 200, "Ollama is running", ""},
                          {"HEAD", "/", 200, "", ""},
                          {"HEAD", "/api/version", 200, "", ""},
                          {"HEAD", "/api/tags", 200, "", ""},
                          {"HEAD", "/api/ps", 405, "", ""},
                          {"GET", "/nothing", 404, "404 page not found", ""},
                          {"POST", "/v1/nothing", 404, "404 page not found", ""},
                          {"GET", "//api/tags", 404, "404 page not found", ""},
                          {"GET", "/api/chat", 405, "405 method not allowed", ""},
                          {"DELETE", "/v1/chat/completions", 405, "405 method not allowed", ""},
                          {"POST", "/api/tags", 405, "405 method not allowed", ""},
                          {"GET", "/api/tags/", 301, "", "/api/tags"},
                          {"GET", "/api/version/?x=1", 301, "", "/api/version?x=1"},
                          {"POST", "/api/chat/", 307, "", "/api/chat"},
                          {"DELETE", "/api/delete/", 307, "", "/api/delete"},
                          {"GET", "/nothing/", 404, "404 page not found", ""}}) {
    const RawResponse response = client.exchange(route.method, route.path);
    EXPECT_EQ(response.status, route.status) << route.method << " " << route.path;
    EXPECT_THAT(response.body, ::testing::StartsWith(route.body)) << route.method << " " << route.path;
    EXPECT_EQ(header(response, "Location"), route.location) << route.path;
  }
}

struct Visit {
  const char* method;
  std::string fields;  // without the line's end
  int status;
  const char* allowed;  // Access-Control-Allow-Origin
};

TEST_F(RawRequests, OriginsAndHosts) {
  const std::string self = "127.0.0.1:" + std::to_string(port());
  for (const Visit& visit : std::vector<Visit>{
           {"GET", "Host: " + self, 200, ""},
           {"GET", "Host: " + self + "\r\nOrigin: http://" + self, 200, ""},  // the same origin
           {"GET", "Host: localhost\r\nOrigin: http://localhost:3000", 200, "http://localhost:3000"},
           {"GET", "Host: localhost\r\nOrigin: https://127.0.0.1", 200, "https://127.0.0.1"},
           {"GET", "Host: localhost\r\nOrigin: app://obsidian.md", 200, "app://obsidian.md"},
           {"GET", "Host: localhost\r\nOrigin: vscode-webview://x", 200, "vscode-webview://x"},
           {"GET", "Host: localhost\r\nOrigin: https://evil.example", 403, ""},
           {"GET", "Host: localhost\r\nOrigin: null", 403, ""},
           {"GET", "Host: localhost\r\nOrigin: chrome-extension://x", 403, ""},
           {"OPTIONS", "Host: localhost\r\nOrigin: http://localhost:3000", 204, "http://localhost:3000"},
           {"OPTIONS", "Host: localhost\r\nOrigin: https://evil.example", 403, ""},
           {"GET", "Host: pi.local", 200, ""},
           {"GET", "Host: host.docker.internal:11434", 200, ""},
           {"GET", "Host: 192.168.1.7", 200, ""},
           {"GET", "Host: [::1]:11434", 200, ""},
           {"GET", "Host: evil.example", 403, ""},
           {"GET", "Host: 8.8.8.8", 403, ""},
           {"GET", "Host: localhost.evil.example", 403, ""}}) {
    RawClient client(port());
    const RawResponse response = client.exchange(visit.method, "/api/version", "", visit.fields + "\r\n");
    EXPECT_EQ(response.status, visit.status) << visit.fields;
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), visit.allowed) << visit.fields;
    if (visit.status == 403) {
      EXPECT_THAT(response.body, HasSubstr("OLLAMA_")) << "what to set: " << response.body;
    }
  }
}

TEST_F(RawRequests, ThePagesOfAnthropicsLibraryPass) {
  RawClient client(port());
  const RawResponse preflight = client.exchange(
      "OPTIONS", "/v1/messages", "",
      std::string(kLocal) + "Origin: http://localhost:5173\r\nAccess-Control-Request-Method: POST\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_THAT(header(preflight, "Access-Control-Allow-Headers"), HasSubstr("Anthropic-Version"));
  EXPECT_THAT(header(preflight, "Access-Control-Allow-Headers"), HasSubstr("X-Stainless-Retry-Count"));
  EXPECT_EQ(header(preflight, "Access-Control-Max-Age"), "43200");
}

}  // namespace
}  // namespace axllama
