#include "cli/timing_ceiling.h"

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

constexpr const char* kTiming = R"({"profile":"pi5","call_us":120,"execute_us":280,"copy_mb_per_s":400,
                                    "weight_gb_per_s":20,"cache_gb_per_s":10,"submit_us":20})";

TEST(TimingCeiling, AddsUpWhatATokenAsksFor) {
  const TimingCeiling ceiling = timing_ceiling(kTiming, {.weight_bytes = 4'000'000'000,
                                                         .cache_bytes = 300'000'000,
                                                         .executions = 37,
                                                         .calls = 41,
                                                         .bytes_moved = 400'000});
  EXPECT_EQ(ceiling.profile, "pi5");
  EXPECT_DOUBLE_EQ(ceiling.weights, 0.2);
  EXPECT_DOUBLE_EQ(ceiling.cache, 0.03);
  EXPECT_DOUBLE_EQ(ceiling.calls, 41 * 120e-6 + 37 * 280e-6 + 1e-3);
  EXPECT_DOUBLE_EQ(ceiling.seconds(), ceiling.weights + ceiling.cache + ceiling.calls);
}

TEST(TimingCeiling, ThereIsNoneWithoutAProfile) {
  const TokenCost cost{1000, 1000, 4, 9, 100};
  EXPECT_EQ(timing_ceiling("", cost).seconds(), 0);
  const TimingCeiling native = timing_ceiling(R"({"profile":"native","call_us":0})", cost);
  EXPECT_EQ(native.seconds(), 0);
  EXPECT_EQ(native.profile, "");
}

}  // namespace
}  // namespace axllama::cli
