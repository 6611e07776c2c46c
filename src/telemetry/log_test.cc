#include "telemetry/log.h"

#include <string>

#include <gtest/gtest.h>

#include "telemetry/request_log.h"

namespace axllama::telemetry {
namespace {

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { set_log_level(LogLevel::kInfo); }
};

TEST_F(LogTest, QuotesWhatIsNotPlain) {
  EXPECT_EQ(format_log_line("request", {{"path", "/api/tags"}, {"status", "200"}}),
            "msg=request path=/api/tags status=200");
  EXPECT_EQ(format_log_line("two words", {{"empty", ""}, {"equals", "a=b"}}),
            "msg=\"two words\" empty=\"\" equals=\"a=b\"");
}

TEST_F(LogTest, AValueCannotForgeALine) {
  EXPECT_EQ(format_log_line("x", {{"path", "/a\nlevel=error \"b\\\x1b\x7f"}}),
            "msg=x path=\"/a\\nlevel=error \\\"b\\\\\\x1b\\x7f\"");
}

TEST_F(LogTest, WritesLinesOfTheLevelAndAbove) {
  set_log_level(LogLevel::kWarning);
  EXPECT_EQ(log_level(), LogLevel::kWarning);
  ::testing::internal::CaptureStderr();
  log(LogLevel::kInfo, "hidden");
  log(LogLevel::kWarning, "shown {} %s", {{"n", "1"}});
  const std::string output = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(output.find("hidden"), std::string::npos);
  EXPECT_NE(output.find(" level=warning msg=\"shown {} %s\" n=1\n"), std::string::npos) << output;
  EXPECT_EQ(output.rfind("time=", 0), 0U);
}

TEST_F(LogTest, ARequestIsOneLine) {
  ::testing::internal::CaptureStderr();
  log_request({.id = "00ff",
               .method = "POST",
               .path = "/api/chat",
               .client = "127.0.0.1",
               .status = 503,
               .duration = std::chrono::milliseconds(1500),
               .bytes_in = 12,
               .bytes_out = 34});
  const std::string output = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(
      output.find("level=warning msg=request id=00ff status=503 method=POST path=/api/chat client=127.0.0.1 "
                  "duration=1.5s bytes_in=12 bytes_out=34\n"),
      std::string::npos)
      << output;
}

}  // namespace
}  // namespace axllama::telemetry
