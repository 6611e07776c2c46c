// Streams that are taken up again after the connection was cut, through the whole program.
#include <cstring>
#include <memory>
#include <string>

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

constexpr const char* kId = "X-Axllama-Stream-Id: ";

struct Dialect {
  const char* name;
  const char* path;
  const char* record_end;
};

class ResumableStreams : public ::testing::TestWithParam<Dialect> {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<testing::ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }

  static std::string body() {
    json asked{{"model", "axllama-tiny"}, {"stream", true}, {"max_tokens", 60}, {"temperature", 0}};
    asked["options"] = {{"temperature", 0}, {"num_predict", 60}};
    asked["prompt"] = asked["input"] = "Count from one to twenty.";
    asked["messages"] = json::array({{{"role", "user"}, {"content", "Count from one to twenty."}}});
    return asked.dump();
  }
  static RawResponse get(const std::string& id, std::size_t from) {
    RawClient client(static_cast<std::uint16_t>(server_->port()));
    return client.exchange("GET", "/api/streams/" + id + "?from=" + std::to_string(from));
  }

  static inline std::unique_ptr<testing::ServerProcess> server_;
};

TEST_P(ResumableStreams, TheRestComesByteByByteAfterACut) {
  const auto& [name, path, end] = GetParam();
  std::string beginning;
  std::string id;
  {
    RawClient client(static_cast<std::uint16_t>(server_->port()));
    const std::string asked = body();
    client.send(std::string("POST ") + path + " HTTP/1.1\r\nHost: localhost\r\nX-Axllama-Resumable: 1\r\n" +
                "Content-Length: " + std::to_string(asked.size()) + "\r\n\r\n" + asked);
    ASSERT_TRUE(client.read_until("\r\n\r\n")) << client.buffer();
    ASSERT_TRUE(client.read_until(end)) << client.buffer();
    const auto at = client.buffer().find(kId);
    ASSERT_NE(at, std::string::npos) << client.buffer();
    id = client.buffer().substr(at + std::string(kId).size(), 32);
    // The first record stands behind the head and the size of the first chunk.
    const auto head = client.buffer().find("\r\n\r\n") + 4;
    const auto data = client.buffer().find("\r\n", head) + 2;
    while (client.buffer().find(end, data) == std::string::npos && client.read_more()) {
    }
    beginning = client.buffer().substr(data, client.buffer().find(end, data) + std::strlen(end) - data);
  }  // the connection is gone
  const RawResponse rest = get(id, 1);
  EXPECT_EQ(rest.status, 200) << rest.body;
  EXPECT_TRUE(rest.complete);
  EXPECT_FALSE(rest.body.empty());
  const RawResponse whole = get(id, 0);
  EXPECT_TRUE(whole.complete);
  EXPECT_EQ(beginning + rest.body, whole.body);
}

INSTANTIATE_TEST_SUITE_P(Dialects, ResumableStreams,
                         ::testing::Values(Dialect{"generate", "/api/generate", "\n"},
                                           Dialect{"chat", "/api/chat", "\n"},
                                           Dialect{"completions", "/v1/completions", "\n\n"},
                                           Dialect{"chat_completions", "/v1/chat/completions", "\n\n"},
                                           Dialect{"responses", "/v1/responses", "\n\n"},
                                           Dialect{"messages", "/v1/messages", "\n\n"}),
                         [](const auto& dialect) { return std::string(dialect.param.name); });

}  // namespace
}  // namespace axllama
