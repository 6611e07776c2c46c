#include "serving/lane_load.h"

#include <gtest/gtest.h>

namespace axllama::serving {
namespace {

TEST(EstimatedWait, PrefersTheLaneThatKnowsThePrompt) {
  const LaneLoad knows{.loaded = true, .matching_tokens = 900};
  const LaneLoad idle{.loaded = true};
  EXPECT_LT(estimated_wait(knows, 1000), estimated_wait(idle, 1000));
  EXPECT_EQ(estimated_wait({.loaded = true, .matching_tokens = 2000}, 1000), 0);
}

TEST(EstimatedWait, PrefersTheIdleLaneWhenThatSavesMore) {
  const LaneLoad busy{.loaded = true, .waiting = 2, .running = 4, .matching_tokens = 900};
  const LaneLoad idle{.loaded = true};
  EXPECT_LT(estimated_wait(idle, 1000), estimated_wait(busy, 1000));
  // But a short rest of the work here is better than a model to load there.
  const LaneLoad running{.loaded = true, .running = 1};
  EXPECT_LT(estimated_wait(running, 1000), estimated_wait({}, 1000));
  EXPECT_LT(estimated_wait({}, 1000), estimated_wait({.loaded = true, .waiting = 5}, 1000));
}

}  // namespace
}  // namespace axllama::serving
