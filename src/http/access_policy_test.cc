#include "http/access_policy.h"

#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace axllama::http {
namespace {

using Kind = AccessDecision::Kind;

AccessDecision decide(const AccessPolicy& policy, const std::string& method, const std::string& host,
                      const std::string& origin = {}) {
  Headers headers;
  headers.add("Host", host);
  if (!origin.empty()) {
    headers.add("Origin", origin);
  }
  return policy.decide(method, headers);
}

std::string header(const AccessDecision& decision, std::string_view name) {
  for (const auto& [key, value] : decision.headers) {
    if (key == name) {
      return value;
    }
  }
  return "";
}

TEST(AccessPolicyTest, AllowsLoopbackPagesAndDesktopShells) {
  const AccessPolicy policy({}, true);
  for (const char* origin : {"http://localhost", "https://localhost", "http://localhost:3000",
                             "https://127.0.0.1:8443", "http://0.0.0.0:1", "app://obsidian.md", "file://",
                             "tauri://localhost", "vscode-webview://abc", "vscode-file://x"}) {
    EXPECT_TRUE(policy.allows_origin(origin)) << origin;
  }
  for (const char* origin :
       {"null", "http://example.com", "http://localhost.example.com", "https://localhost.",
        "chrome-extension://abc", "moz-extension://x", "http://127.0.0.1.evil.com", ""}) {
    EXPECT_FALSE(policy.allows_origin(origin)) << origin;
  }
}

TEST(AccessPolicyTest, TakesTheUsersOrigins) {
  const AccessPolicy policy(
      {"https://My.Site", "chrome-extension://*", "https://*.example.com", "/^https://a[0-9]\\.x$/"}, true);
  for (const char* origin :
       {"https://my.site", "chrome-extension://abc", "https://a.b.example.com", "https://a7.x"}) {
    EXPECT_TRUE(policy.allows_origin(origin)) << origin;
  }
  for (const char* origin :
       {"http://my.site", "https://example.com", "https://a77.x", "https://.example.co"}) {
    EXPECT_FALSE(policy.allows_origin(origin)) << origin;
  }
  EXPECT_FALSE(policy.allows_origin("https://a7.x" + std::string(100'000, 'a')));
  const AccessPolicy everything({"*"}, true);
  EXPECT_TRUE(everything.allows_origin("null"));
  EXPECT_EQ(header(decide(everything, "GET", "localhost", "https://x.y"), "Access-Control-Allow-Origin"),
            "*");
  EXPECT_EQ(header(decide(everything, "GET", "localhost", "https://x.y"), "Vary"), "");
}

TEST(AccessPolicyTest, RefusesOriginsThatMakeNoSense) {
  for (const char* entry : {"example.com", "https://*.a.*", "/(/", "localhost"}) {
    EXPECT_THROW(AccessPolicy({entry}, true), base::Error) << entry;
  }
  EXPECT_EQ(split_origins(" https://a , ,b* ,"), (std::vector<std::string>{"https://a", "b*"}));
  EXPECT_TRUE(split_origins("").empty());
}

TEST(AccessPolicyTest, RequestsWithoutOriginOrFromTheSameOnePass) {
  const AccessPolicy policy({}, true);
  EXPECT_EQ(decide(policy, "GET", "localhost:11434").kind, Kind::kPass);
  const AccessDecision same = decide(policy, "POST", "192.168.0.7:11434", "http://192.168.0.7:11434");
  EXPECT_EQ(same.kind, Kind::kPass);
  EXPECT_TRUE(same.headers.empty());
}

TEST(AccessPolicyTest, AnAllowedPageGetsItsOriginBack) {
  const AccessPolicy policy({}, true);
  const AccessDecision decision = decide(policy, "GET", "localhost:11434", "http://localhost:3000");
  EXPECT_EQ(decision.kind, Kind::kPass);
  EXPECT_EQ(header(decision, "Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(header(decision, "Vary"), "Origin");
  EXPECT_EQ(header(decision, "Access-Control-Allow-Credentials"), "");
}

TEST(AccessPolicyTest, AnswersPreflights) {
  const AccessPolicy policy({}, true);
  const AccessDecision decision = decide(policy, "OPTIONS", "evil.com", "http://localhost:3000");
  EXPECT_EQ(decision.kind, Kind::kNoContent);
  EXPECT_EQ(header(decision, "Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(header(decision, "Access-Control-Allow-Methods"), "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS");
  EXPECT_EQ(header(decision, "Access-Control-Max-Age"), "43200");
  EXPECT_EQ(header(decision, "Vary"),
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  const std::string allowed = header(decision, "Access-Control-Allow-Headers");
  for (const char* name : {"Authorization", "Content-Type", "X-Stainless-Retry-Count", "X-Api-Key",
                           "Anthropic-Version", "Anthropic-Dangerous-Direct-Browser-Access"}) {
    EXPECT_NE(allowed.find(name), std::string::npos) << name;
  }
}

TEST(AccessPolicyTest, ARefusedPageIsToldWhatToSet) {
  const AccessPolicy policy({}, true);
  for (const char* method : {"GET", "POST", "OPTIONS"}) {
    const AccessDecision decision = decide(policy, method, "localhost", "https://evil.com");
    EXPECT_EQ(decision.kind, Kind::kForbidden);
    EXPECT_NE(decision.message.find("OLLAMA_ORIGINS=https://evil.com"), std::string::npos);
    EXPECT_TRUE(decision.headers.empty());
  }
}

TEST(AccessPolicyTest, KnowsTheMachinesHosts) {
  for (const char* host : {"", "localhost", "LOCALHOST:11434", "127.0.0.1", "127.8.9.1:80", "[::1]:11434",
                           "[::1]", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255:1", "192.168.1.1:11434",
                           "0.0.0.0:11434", "[::]:1", "[fd00::1]:1", "[::ffff:127.0.0.1]", "app.localhost",
                           "pi.local:11434", "host.docker.internal:11434"}) {
    EXPECT_TRUE(AccessPolicy::allows_host(host)) << host;
  }
  for (const char* host :
       {"evil.com", "evil.com:11434", "172.32.0.1", "8.8.8.8", "192.169.0.1", "localhost.evil.com", "local",
        "[2001:db8::1]:80", "1", "a b", "127.0.0.1.evil.com", "[", "evil.com:a:b"}) {
    EXPECT_FALSE(AccessPolicy::allows_host(host)) << host;
  }
  char name[256] = {};
  ASSERT_EQ(gethostname(name, sizeof(name) - 1), 0);
  EXPECT_TRUE(AccessPolicy::allows_host(name));
}

TEST(AccessPolicyTest, ChecksTheHostOnLoopbackListenersOnly) {
  const AccessPolicy loopback({}, true);
  const AccessDecision refused = decide(loopback, "GET", "evil.com:11434");
  EXPECT_EQ(refused.kind, Kind::kForbidden);
  EXPECT_NE(refused.message.find("\"evil.com\""), std::string::npos);
  EXPECT_NE(refused.message.find("OLLAMA_HOST=0.0.0.0"), std::string::npos);
  // A page that may use the server by its origin is still held to the host rule.
  EXPECT_EQ(decide(loopback, "GET", "evil.com", "http://evil.com").kind, Kind::kForbidden);
  EXPECT_EQ(decide(AccessPolicy({}, false), "GET", "evil.com").kind, Kind::kPass);
}

TEST(AccessPolicyTest, OptionsWithoutOrigin) {
  const AccessPolicy policy({}, true);
  EXPECT_EQ(decide(policy, "OPTIONS", "localhost:11434").kind, Kind::kNoContent);
  EXPECT_EQ(decide(policy, "OPTIONS", "127.0.0.1:11434").kind, Kind::kPass);
  EXPECT_EQ(decide(policy, "OPTIONS", "evil.com").kind, Kind::kForbidden);
}

}  // namespace
}  // namespace axllama::http
