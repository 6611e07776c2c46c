#include "base/timestamp.h"

#include <gtest/gtest.h>

namespace axllama::base {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

system_clock::time_point at(std::int64_t second, std::int64_t nanosecond = 0) {
  return system_clock::time_point(seconds(second) + nanoseconds(nanosecond));
}

TEST(Timestamp, UtcTrimsTrailingZeros) {
  EXPECT_EQ(format_timestamp_utc(at(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_timestamp_utc(at(1787306400, 120'000'000)), "2026-08-21T10:00:00.12Z");
  EXPECT_EQ(format_timestamp_utc(at(1787306400, 1)), "2026-08-21T10:00:00.000000001Z");
}

TEST(Timestamp, ParsesWhatItPrints) {
  for (const auto when : {at(1), at(1787306400, 123'456'789), at(4102444800, 5)}) {
    EXPECT_EQ(parse_timestamp(format_timestamp_utc(when)), when);
    EXPECT_EQ(parse_timestamp(format_timestamp_local(when)), when);
  }
}

TEST(Timestamp, ReadsOffsetsAndLongFractions) {
  EXPECT_EQ(parse_timestamp("2026-08-21T12:00:00+02:00"), at(1787306400));
  EXPECT_EQ(parse_timestamp("2026-08-21T04:30:00-05:30"), at(1787306400));
  EXPECT_EQ(parse_timestamp("2026-08-21T10:00:00.1234567891234Z"), at(1787306400, 123'456'789));
}

TEST(Timestamp, FarFutureIsClampedAndNonsenseIsTheEpoch) {
  EXPECT_EQ(parse_timestamp("2318-12-31T00:00:00Z"), system_clock::time_point::max());
  for (const char* text : {"", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-08-21"}) {
    EXPECT_EQ(parse_timestamp(text), at(0)) << text;
  }
}

}  // namespace
}  // namespace axllama::base
