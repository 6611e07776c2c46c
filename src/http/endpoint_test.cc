#include "http/endpoint.h"

#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace axllama::http {
namespace {

TEST(EndpointTest, ReadsEveryForm) {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      // text, authority, base URL for clients
      {"", "127.0.0.1:11434", "http://127.0.0.1:11434"},
      {"1.2.3.4", "1.2.3.4:11434", "http://1.2.3.4:11434"},
      {":1234", ":1234", "http://127.0.0.1:1234"},
      {"1.2.3.4:1234", "1.2.3.4:1234", "http://1.2.3.4:1234"},
      {"example.com", "example.com:11434", "http://example.com:11434"},
      {"example.com:80", "example.com:80", "http://example.com:80"},
      {":0", ":0", "http://127.0.0.1:0"},
      {"[::1]", "[::1]:11434", "http://[::1]:11434"},
      {"::1", "[::1]:11434", "http://[::1]:11434"},
      {"[::]:99", "[::]:99", "http://[::1]:99"},
      {"0.0.0.0", "0.0.0.0:11434", "http://127.0.0.1:11434"},
      {" 1.2.3.4 ", "1.2.3.4:11434", "http://1.2.3.4:11434"},
      {"\"1.2.3.4\"", "1.2.3.4:11434", "http://1.2.3.4:11434"},
      {"http://1.2.3.4", "1.2.3.4:80", "http://1.2.3.4:80"},
      {"http://1.2.3.4:4321/", "1.2.3.4:4321", "http://1.2.3.4:4321"},
      {"https://example.com/ollama/", "example.com:443", "https://example.com:443/ollama"},
      {"HTTPS://example.com:8443", "example.com:8443", "https://example.com:8443"},
  };
  for (const auto& [text, authority, url] : cases) {
    const ParsedEndpoint parsed = parse_endpoint(text);
    EXPECT_EQ(parsed.endpoint.authority(), authority) << text;
    EXPECT_EQ(parsed.endpoint.base_url(), url) << text;
    EXPECT_EQ(parsed.warning, "") << text;
  }
}

TEST(EndpointTest, ABadPortGivesTheDefaultAndAWarning) {
  for (const char* text : {":66000", ":-1", "host:", "host:12x"}) {
    const ParsedEndpoint parsed = parse_endpoint(text);
    EXPECT_EQ(parsed.endpoint.port, 11434) << text;
    EXPECT_NE(parsed.warning.find("is not a number from 0 to 65535; port 11434 is used"), std::string::npos)
        << text;
  }
  EXPECT_EQ(parse_endpoint("https://host:x").endpoint.port, 443);
}

TEST(EndpointTest, AnUnknownSchemeBecomesHttp) {
  const ParsedEndpoint parsed = parse_endpoint("ftp://host:21");
  EXPECT_EQ(parsed.endpoint.base_url(), "http://host:21");
  EXPECT_NE(parsed.warning.find("\"ftp\""), std::string::npos);
}

}  // namespace
}  // namespace axllama::http
