#include "serving/call_watch.h"

#include <future>
#include <string>

#include <gtest/gtest.h>

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;

TEST(CallWatch, TellsOnceOfACallThatDoesNotComeBack) {
  std::promise<std::string> told;
  int times = 0;
  CallWatch watch([&](const std::string& what, std::chrono::nanoseconds limit) {
    EXPECT_EQ(limit, 10ms);
    if (++times == 1) {
      told.set_value(what);
    }
  });
  watch.begin("short", 1h);
  EXPECT_FALSE(watch.end());
  watch.begin("long", 10ms);
  auto future = told.get_future();
  ASSERT_EQ(future.wait_for(30s), std::future_status::ready);
  EXPECT_EQ(future.get(), "long");
  EXPECT_TRUE(watch.end());
  EXPECT_FALSE(watch.end());
  watch.begin("short", 1h);
  EXPECT_FALSE(watch.end());
  EXPECT_EQ(times, 1);
}

TEST(CallWatch, SeesALaterCallsShorterLimit) {
  std::promise<void> told;
  CallWatch watch([&](const std::string&, std::chrono::nanoseconds) { told.set_value(); });
  watch.begin("one", 50ms);
  watch.end();
  watch.begin("two", 1ms);
  EXPECT_EQ(told.get_future().wait_for(30s), std::future_status::ready);
  EXPECT_TRUE(watch.end());
}

TEST(CallWatch, LooksAtACallThatIsOutAsOftenAsItIsAskedTo) {
  std::promise<void> looked;
  int times = 0;
  CallWatch watch([](const std::string&, std::chrono::nanoseconds) { ADD_FAILURE() << "it is not hung"; },
                  [&] {
                    if (++times == 2) {
                      looked.set_value();
                      return CallWatch::kNever;
                    }
                    return CallWatch::Clock::now();
                  });
  watch.begin("short", 1h, CallWatch::Clock::now() + 1h);
  EXPECT_FALSE(watch.end());
  watch.begin("long", std::chrono::nanoseconds::max(), CallWatch::Clock::now());
  ASSERT_EQ(looked.get_future().wait_for(30s), std::future_status::ready);
  EXPECT_FALSE(watch.end());
  EXPECT_EQ(times, 2);
}

TEST(CallWatch, TellsOfACallThatItHasLookedAt) {
  std::promise<void> told;
  CallWatch watch([&](const std::string&, std::chrono::nanoseconds) { told.set_value(); },
                  [] { return CallWatch::kNever; });
  watch.begin("long", 10ms, CallWatch::Clock::now());
  ASSERT_EQ(told.get_future().wait_for(30s), std::future_status::ready);
  EXPECT_TRUE(watch.end());
}

TEST(CallWatch, EndsWhileACallIsOut) {
  CallWatch watch([](const std::string&, std::chrono::nanoseconds) {});
  watch.begin("long", 1h);
}

}  // namespace
}  // namespace axllama::serving
