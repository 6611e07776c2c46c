#include "http/router.h"

#include <string>

#include <gtest/gtest.h>

#include "http/url.h"

namespace axllama::http {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    for (const auto& [method, pattern] :
         std::vector<std::pair<const char*, const char*>>{{"GET", "/"},
                                                          {"GET", "/api/tags"},
                                                          {"HEAD", "/api/tags"},
                                                          {"POST", "/api/chat"},
                                                          {"POST", "/api/blobs/:digest"},
                                                          {"GET", "/v1/models/*id"}}) {
      router_.add(method, pattern, nullptr);
    }
  }

  RouteMatch::Kind kind(const char* method, const char* path) const {
    return router_.match(method, path).kind;
  }

  Router router_;
};

using Kind = RouteMatch::Kind;

TEST_F(RouterTest, FindsByMethodAndPath) {
  EXPECT_EQ(kind("GET", "/"), Kind::kFound);
  EXPECT_EQ(kind("GET", "/api/tags"), Kind::kFound);
  EXPECT_EQ(kind("HEAD", "/api/tags"), Kind::kFound);
  EXPECT_EQ(router_.match("POST", "/api/chat").route->segments.back(), "chat");
}

TEST_F(RouterTest, NamesParts) {
  const RouteMatch blob = router_.match("POST", "/api/blobs/sha256:00");
  ASSERT_EQ(blob.kind, Kind::kFound);
  EXPECT_EQ(blob.parameters, (std::vector<std::pair<std::string, std::string>>{{"digest", "sha256:00"}}));
  EXPECT_EQ(kind("POST", "/api/blobs/"), Kind::kNotFound);
  EXPECT_EQ(kind("POST", "/api/blobs/a/b"), Kind::kNotFound);
  const RouteMatch model = router_.match("GET", "/v1/models/hf.co/owner/name:tag");
  ASSERT_EQ(model.kind, Kind::kFound);
  EXPECT_EQ(model.parameters,
            (std::vector<std::pair<std::string, std::string>>{{"id", "hf.co/owner/name:tag"}}));
}

TEST_F(RouterTest, TellsAWrongPathFromAWrongMethod) {
  EXPECT_EQ(kind("GET", "/nothing"), Kind::kNotFound);
  EXPECT_EQ(kind("GET", "//api/tags"), Kind::kNotFound);
  EXPECT_EQ(kind("GET", "/api//tags"), Kind::kNotFound);
  EXPECT_EQ(kind("GET", "*"), Kind::kNotFound);
  EXPECT_EQ(kind("GET", "/API/tags"), Kind::kNotFound);
  const RouteMatch match = router_.match("DELETE", "/api/tags");
  EXPECT_EQ(match.kind, Kind::kMethodNotAllowed);
  EXPECT_EQ(match.allowed, "GET, HEAD");
  EXPECT_EQ(kind("HEAD", "/api/chat"), Kind::kMethodNotAllowed);
}

TEST_F(RouterTest, RedirectsATrailingSlashOfTheSameMethod) {
  EXPECT_EQ(kind("GET", "/api/tags/"), Kind::kRedirect);
  EXPECT_EQ(kind("POST", "/api/chat/"), Kind::kRedirect);
  EXPECT_EQ(kind("GET", "/api/chat/"), Kind::kNotFound);
  EXPECT_EQ(kind("GET", "/api/tags//"), Kind::kNotFound);
}

TEST(UrlTest, SplitsTargets) {
  EXPECT_EQ(parse_target("/a%20b?x=%20")->path, "/a b");
  EXPECT_EQ(parse_target("/a%20b?x=%20")->query, "x=%20");
  EXPECT_EQ(parse_target("http://host:1/a?b")->path, "/a");
  EXPECT_EQ(parse_target("http://host")->path, "/");
  EXPECT_EQ(parse_target("http://host?q")->query, "q");
  EXPECT_EQ(parse_target("*")->path, "*");
  EXPECT_FALSE(parse_target("/bad%2"));
  EXPECT_FALSE(parse_target("/bad%zz"));
  EXPECT_FALSE(parse_target("host:443"));
  EXPECT_FALSE(parse_target(""));
}

TEST(UrlTest, FindsQueryParameters) {
  Request request;
  request.query = "a=1&b=x+y%21&a=2&c";
  EXPECT_EQ(request.query_parameter("a"), "1");
  EXPECT_EQ(request.query_parameter("b"), "x y!");
  EXPECT_EQ(request.query_parameter("c"), "");
  EXPECT_EQ(request.query_parameter("d"), std::nullopt);
}

TEST(HeadersTest, CompareWithoutCase) {
  Headers headers;
  headers.add("Connection", "Keep-Alive, Close");
  headers.add("connection", "upgrade");
  EXPECT_EQ(*headers.find("CONNECTION"), "Keep-Alive, Close");
  EXPECT_TRUE(headers.has_token("Connection", "close"));
  EXPECT_TRUE(headers.has_token("Connection", "Upgrade"));
  EXPECT_FALSE(headers.has_token("Connection", "keep"));
  EXPECT_EQ(headers.count("connection"), 2U);
  headers.set("Connection", "x");
  EXPECT_EQ(headers.count("connection"), 1U);
  EXPECT_EQ(headers.find("Host"), nullptr);
}

}  // namespace
}  // namespace axllama::http
