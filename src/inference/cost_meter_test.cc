#include "inference/cost_meter.h"

#include <gtest/gtest.h>

namespace axllama::inference {
namespace {

using namespace std::chrono_literals;

std::vector<model::PrefillGroup> groups() {
  return {{.group = 1, .rows = 128, .history = 0},
          {.group = 2, .rows = 128, .history = 512},
          {.group = 3, .rows = 128, .history = 1024}};
}

TEST(CostMeter, GuessesUntilSomethingIsMeasured) {
  const CostMeter meter(groups());
  EXPECT_FALSE(meter.measured());
  EXPECT_EQ(meter.costs().decode_step, 1.0);
  EXPECT_EQ(meter.costs().chunk, (std::vector<double>{1.9, 1.9, 1.9}));
  EXPECT_NEAR(meter.transfer_seconds(400'000'000), 1.0, 1e-9);
}

TEST(CostMeter, EstimatesFromOneChunkWhatIsMissing) {
  CostMeter meter(groups());
  meter.prefilled(1, 128, 190ms);
  EXPECT_TRUE(meter.measured());
  EXPECT_NEAR(meter.costs().decode_step, 0.1, 1e-9);
  EXPECT_NEAR(meter.costs().chunk[0], 0.19, 1e-9);
  EXPECT_NEAR(meter.costs().copy, 0.025, 1e-9);
  meter.decoded(50ms);
  meter.prefilled(2, 128, 300ms);
  EXPECT_NEAR(meter.costs().decode_step, 0.05, 1e-9);
  EXPECT_NEAR(meter.costs().chunk[0], 0.19, 1e-9);  // as the nearest
  EXPECT_NEAR(meter.costs().chunk[2], 0.3, 1e-9);
}

TEST(CostMeter, TakesTheLeastOfTheLastTimes) {
  CostMeter meter(groups());
  meter.decoded(20ms);
  meter.decoded(10ms);
  meter.decoded(90ms);
  EXPECT_NEAR(meter.costs().decode_step, 0.01, 1e-9);
  for (int i = 0; i < 8; ++i) {
    meter.decoded(40ms);  // the card runs slower now
  }
  EXPECT_NEAR(meter.costs().decode_step, 0.04, 1e-9);
}

TEST(CostMeter, ShortChunksCountOnlyUntilThereAreOthers) {
  CostMeter meter(groups());
  meter.prefilled(0, 3, 10ms);
  EXPECT_NEAR(meter.costs().chunk[0], 0.01, 1e-9);
  meter.prefilled(0, 100, 80ms);
  EXPECT_NEAR(meter.costs().chunk[0], 0.08, 1e-9);
  meter.prefilled(0, 3, 10ms);
  EXPECT_NEAR(meter.costs().chunk[0], 0.08, 1e-9);
}

TEST(CostMeter, MeasuresCopiesAndTransfers) {
  CostMeter meter(groups());
  meter.decoded(100ms);
  meter.copied(7ms);
  EXPECT_NEAR(meter.costs().copy, 0.007, 1e-9);
  meter.transferred(1000, 1ms);
  EXPECT_NEAR(meter.transfer_seconds(5000), 0.005, 1e-9);
}

TEST(CostMeter, CanBeTold) {
  CostMeter meter(groups());
  meter.fix({.decode_step = 3, .chunk = {4, 5, 6}, .copy = 7});
  meter.decoded(1ms);
  EXPECT_TRUE(meter.measured());
  EXPECT_EQ(meter.costs().decode_step, 3);
  EXPECT_EQ(meter.costs().chunk, (std::vector<double>{4, 5, 6}));
}

TEST(CostMeter, StartsWithWhatAnotherMeasured) {
  CostMeter earlier(groups());
  earlier.decoded(100ms);
  earlier.prefilled(1, 128, 200ms);
  earlier.prefilled(2, 5, 220ms);
  earlier.copied(7ms);
  earlier.transferred(1000, 1ms);
  CostMeter meter(groups());
  meter.assume(earlier.record());
  EXPECT_TRUE(meter.measured());
  EXPECT_EQ(meter.costs().decode_step, earlier.costs().decode_step);
  EXPECT_EQ(meter.costs().chunk, earlier.costs().chunk);
  EXPECT_EQ(meter.costs().copy, earlier.costs().copy);
  EXPECT_EQ(meter.transfer_seconds(5000), earlier.transfer_seconds(5000));
  EXPECT_EQ(meter.record(), earlier.record());
}

TEST(CostMeter, WhatIsMeasuredCountsMoreThanWhatIsAssumed) {
  CostMeter meter(groups());
  meter.assume({.decode_step = 0.1,
                .chunks = {{128, 0, 0.2, true}, {128, 512, 0.3, true}, {64, 0, 9, true}},
                .copy = 0.5});
  EXPECT_NEAR(meter.costs().chunk[2], 0.3, 1e-9);
  meter.prefilled(0, 3, 10ms);  // a short one says less than the full one that was assumed
  EXPECT_NEAR(meter.costs().chunk[0], 0.2, 1e-9);
  meter.prefilled(0, 128, 100ms);  // twice as fast as it was
  EXPECT_NEAR(meter.costs().chunk[0], 0.1, 1e-9);
  EXPECT_NEAR(meter.costs().chunk[1], 0.15, 1e-9);
  EXPECT_NEAR(meter.costs().decode_step, 0.05, 1e-9);
  meter.decoded(200ms);
  EXPECT_NEAR(meter.costs().decode_step, 0.2, 1e-9);
  EXPECT_NEAR(meter.costs().chunk[1], 0.6, 1e-9);
  EXPECT_NEAR(meter.costs().copy, 0.5, 1e-9);
  EXPECT_EQ(meter.record().chunks.size(), 2U);  // of groups that there are
}

TEST(CostMeter, WorksWithoutGroups) {
  CostMeter meter({});
  EXPECT_TRUE(meter.costs().chunk.empty());
  meter.decoded(100ms);
  EXPECT_NEAR(meter.costs().decode_step, 0.1, 1e-9);
}

}  // namespace
}  // namespace axllama::inference
