#include "cli/human.h"

#include <gtest/gtest.h>

#include "cli/table.h"

namespace axllama::cli {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::system_clock;

TEST(HumanTime, PastAndFuture) {
  const auto now = system_clock::time_point(hours(24 * 365 * 40));
  EXPECT_EQ(human_time(now, now), "Less than a second ago");
  EXPECT_EQ(human_time(now - seconds(65), now), "About a minute ago");
  EXPECT_EQ(human_time(now + seconds(290), now), "4 minutes from now");
  EXPECT_EQ(human_time(now - hours(1), now), "About an hour ago");
  EXPECT_EQ(human_time(now - hours(24 * 21), now), "3 weeks ago");
  EXPECT_EQ(human_time(now + hours(24 * 365 * 30), now), "Forever");
  EXPECT_EQ(human_time(system_clock::time_point{}, now), "Never");
}

TEST(Table, LinesUpColumns) {
  Table table({"NAME", "SIZE"});
  table.add({"axllama-tiny:latest", "9 MB"});
  EXPECT_EQ(table.text(), "NAME                   SIZE    \naxllama-tiny:latest    9 MB    \n");
}

}  // namespace
}  // namespace axllama::cli
