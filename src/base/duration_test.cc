#include "base/duration.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::base {
namespace {

using std::chrono::nanoseconds;

std::string error_of(const std::string& text) {
  try {
    parse_duration(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.message();
  }
  return "no error";
}

TEST(DurationTest, ReadsWhatGoReads) {
  const std::vector<std::pair<std::string, std::int64_t>> cases = {
      {"0", 0},
      {"-0", 0},
      {"0s", 0},
      {"5s", 5'000'000'000},
      {"+5s", 5'000'000'000},
      {"-1s", -1'000'000'000},
      {"300ms", 300'000'000},
      {"1.5h", 5'400'000'000'000},
      {"2h45m", 9'900'000'000'000},
      {"5m0s", 300'000'000'000},
      {"1us", 1'000},
      {"1\u00b5s", 1'000},
      {"1\u03bcs", 1'000},
      {".5s", 500'000'000},
      {"1.s", 1'000'000'000},
      {"0.100000000000000000000h", 360'000'000'000},
      {"3h10m4s5ms6us7ns", 11'404'005'006'007},
      {"9223372036854775807ns", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808ns", std::numeric_limits<std::int64_t>::min()},
      {"0.9223372036854775807h", 3'320'413'933'267},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(parse_duration(text).count(), expected) << text;
  }
}

TEST(DurationTest, RefusesWithGosWords) {
  EXPECT_EQ(error_of("300"), "time: missing unit in duration \"300\"");
  EXPECT_EQ(error_of("-1"), "time: missing unit in duration \"-1\"");
  EXPECT_EQ(error_of("1h3"), "time: missing unit in duration \"1h3\"");
  EXPECT_EQ(error_of("3 s"), "time: unknown unit \" s\" in duration \"3 s\"");
  EXPECT_EQ(error_of("5d"), "time: unknown unit \"d\" in duration \"5d\"");
  for (const char* text : {"", "-", "+", "s", ".", "-.s", "abc", "9223372036854775808ns", "3000000h",
                           "99999999999999999999s", "9223372036854775807ns1ns"}) {
    EXPECT_EQ(error_of(text), "time: invalid duration \"" + std::string(text) + "\"");
  }
}

TEST(DurationTest, WritesAsGoDoes) {
  const std::vector<std::pair<std::int64_t, std::string>> cases = {
      {0, "0s"},
      {1, "1ns"},
      {1'100, "1.1\u00b5s"},
      {2'200'000, "2.2ms"},
      {52'300'000, "52.3ms"},
      {1'234'567'000, "1.234567s"},
      {3'300'000'000, "3.3s"},
      {300'000'000'000, "5m0s"},
      {245'001'000'000, "4m5.001s"},
      {18'367'001'000'000, "5h6m7.001s"},
      {3'600'500'000'000, "1h0m0.5s"},
      {-1'000'000'000, "-1s"},
      {std::numeric_limits<std::int64_t>::max(), "2562047h47m16.854775807s"},
      {std::numeric_limits<std::int64_t>::min(), "-2562047h47m16.854775808s"},
  };
  for (const auto& [value, expected] : cases) {
    EXPECT_EQ(format_duration(nanoseconds(value)), expected);
    EXPECT_EQ(parse_duration(expected).count(), value);
  }
}

}  // namespace
}  // namespace axllama::base
