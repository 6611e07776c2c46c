#include "http/request_parser.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace axllama::http {
namespace {

constexpr std::size_t kHeaderLimit = 4096;

/// Feeds `text` in parts of `step` bytes as a connection does; returns what was not used.
std::string feed(RequestParser& parser, std::string text, std::size_t step) {
  std::string pending;
  while (!text.empty() && !parser.done() && !parser.failure()) {
    pending += text.substr(0, step);
    text.erase(0, step);
    while (!pending.empty() && !parser.done() && !parser.failure()) {
      const std::size_t used = parser.parse(pending);
      pending.erase(0, used);
      if (used == 0) {
        break;
      }
    }
  }
  return pending + text;
}

int failure_status(const std::string& text) {
  RequestParser parser(kHeaderLimit);
  feed(parser, text, text.size());
  return parser.failure() ? parser.failure()->status : 0;
}

TEST(RequestParserTest, DoesNotCareHowBytesArrive) {
  const std::string chunked =
      "POST /api/chat?x=1 HTTP/1.1\r\nHost: localhost:11434\r\nTransfer-Encoding: chunked\r\nX-A:  b \r\n\r\n"
      "5;ext=1\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\nTrailer: t\r\n\r\n";
  const std::string counted =
      "POST /api/chat?x=1 HTTP/1.1\r\nHost: localhost:11434\r\nContent-Length: 12\r\nX-A:b\r\n\r\nhello, "
      "world";
  for (const std::string& text : {chunked, counted}) {
    for (std::size_t step = 1; step <= text.size(); ++step) {
      RequestParser parser(kHeaderLimit);
      EXPECT_EQ(feed(parser, text + "GET / HT", step), "GET / HT");
      ASSERT_TRUE(parser.done()) << step;
      EXPECT_FALSE(parser.failure());
      const Request& request = parser.request();
      EXPECT_EQ(request.method, "POST");
      EXPECT_EQ(request.path, "/api/chat");
      EXPECT_EQ(request.query, "x=1");
      EXPECT_EQ(request.body, "hello, world");
      EXPECT_EQ(*request.headers.find("x-a"), "b");
      EXPECT_EQ(request.headers.find("Trailer"), nullptr);
      EXPECT_TRUE(parser.keep_alive());
    }
  }
}

TEST(RequestParserTest, StopsAtTheEndOfTheHeader) {
  RequestParser parser(kHeaderLimit);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(parser.parse(head + "body"), head.size());
  EXPECT_TRUE(parser.header_done());
  EXPECT_FALSE(parser.done());
  EXPECT_TRUE(parser.expects_continue());
  EXPECT_EQ(parser.content_length(), 4U);
  EXPECT_EQ(parser.parse("body"), 4U);
  EXPECT_TRUE(parser.done());
  EXPECT_EQ(parser.request().body, "body");
}

TEST(RequestParserTest, KnowsWhenTheConnectionEnds) {
  RequestParser close(kHeaderLimit);
  feed(close, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 1000);
  EXPECT_FALSE(close.keep_alive());
  RequestParser old(kHeaderLimit);
  feed(old, "GET / HTTP/1.0\r\n\r\n", 1000);
  EXPECT_TRUE(old.done());
  EXPECT_FALSE(old.keep_alive());
  EXPECT_EQ(old.request().version, 10);
  RequestParser old_kept(kHeaderLimit);
  feed(old_kept, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 1000);
  EXPECT_TRUE(old_kept.keep_alive());
}

TEST(RequestParserTest, SkipsEmptyLinesBeforeARequest) {
  RequestParser parser(kHeaderLimit);
  feed(parser, "\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", 1);
  ASSERT_TRUE(parser.done());
  EXPECT_EQ(parser.request().path, "/x");
  EXPECT_EQ(failure_status("\r\n\r\n\r\n\r\n\r\n\r\n"), 400);
}

TEST(RequestParserTest, RefusesWhatIsMalformedOrAmbiguous) {
  const std::string host = "Host: a\r\n";
  EXPECT_EQ(failure_status("hello\r\n\r\n"), 400);
  EXPECT_EQ(failure_status("GET / HTTP/1.1\r\n\r\n"), 400);  // no Host
  EXPECT_EQ(failure_status("GET / HTTP/1.1\r\n" + host + host + "\r\n"), 400);
  EXPECT_EQ(failure_status("GET / HTTP/2.0\r\n" + host + "\r\n"), 505);
  EXPECT_EQ(failure_status("GET x HTTP/1.1\r\n" + host + "\r\n"), 400);
  EXPECT_EQ(failure_status("GET /%zz HTTP/1.1\r\n" + host + "\r\n"), 400);
  EXPECT_EQ(failure_status("GET / HTTP/1.1\r\n" + host + "bad header\r\n\r\n"), 400);
  EXPECT_EQ(failure_status("GET / HTTP/1.1\r\n" + host + "A: b\nC: d\r\n\r\n"), 400);
  EXPECT_EQ(failure_status("POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            400);
  EXPECT_EQ(failure_status("POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(failure_status("POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n"),
            400);
  EXPECT_EQ(failure_status("POST / HTTP/1.1\r\n" + host +
                           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
            400);
  EXPECT_EQ(failure_status("POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n"), 501);
  EXPECT_EQ(failure_status("POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), 400);
  EXPECT_EQ(failure_status("POST / HTTP/1.1\r\n" + host +
                           "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
            400);
  EXPECT_EQ(failure_status("POST / HTTP/1.1\r\n" + host + "Expect: tea\r\n\r\n"), 417);
}

TEST(RequestParserTest, LimitsTheHeader) {
  EXPECT_EQ(failure_status("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(kHeaderLimit, 'x') + "\r\n\r\n"),
            431);
  EXPECT_EQ(failure_status("GET /" + std::string(2 * kHeaderLimit, 'x')), 431);
  RequestParser slow(kHeaderLimit);
  feed(slow, "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(2 * kHeaderLimit, 'x'), 100);
  ASSERT_TRUE(slow.failure());
  EXPECT_EQ(slow.failure()->status, 431);
}

TEST(RequestParserTest, LimitsChunkHeadersAndTrailers) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& endless :
       {"5;x=" + std::string(2 * kHeaderLimit, 'x'), "0\r\nX: " + std::string(2 * kHeaderLimit, 'x')}) {
    RequestParser parser(kHeaderLimit);
    feed(parser, head + endless, 100);
    ASSERT_TRUE(parser.failure()) << endless.substr(0, 5);
    EXPECT_EQ(parser.failure()->status, 431);
  }
}

TEST(RequestParserTest, AHugeDeclaredLengthReservesNothing) {
  RequestParser parser(kHeaderLimit);
  feed(parser, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000000000000\r\n\r\nabc", 1000);
  EXPECT_FALSE(parser.failure());
  EXPECT_EQ(parser.content_length(), 9'000'000'000'000'000'000U);
  EXPECT_EQ(parser.body_bytes(), 3U);
}

TEST(RequestParserTest, DropsABodyNobodyWants) {
  RequestParser parser(kHeaderLimit);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  parser.parse(head);
  parser.discard_body();
  parser.parse("hello");
  EXPECT_TRUE(parser.done());
  EXPECT_EQ(parser.body_bytes(), 5U);
  EXPECT_TRUE(parser.request().body.empty());
}

TEST(RequestParserTest, AnyBytesEitherParseOrFail) {
  const std::string valid =
      "POST /api/chat HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  std::mt19937 random(42);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = valid;
    const int changes = 1 + static_cast<int>(random() % 4);
    for (int i = 0; i < changes; ++i) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 5);
          break;
        default:
          text.insert(at, std::string(1 + random() % 3, static_cast<char>(random())));
      }
    }
    RequestParser parser(kHeaderLimit);
    feed(parser, text, 1 + random() % 40);
    refused += parser.failure() ? 1 : 0;
    if (parser.done() && !parser.failure()) {
      ASSERT_LE(parser.request().body.size(), text.size());
    }
  }
  EXPECT_GT(refused, 2'000);
}

}  // namespace
}  // namespace axllama::http
