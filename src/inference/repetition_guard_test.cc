#include "inference/repetition_guard.h"

#include <cstddef>

#include <gtest/gtest.h>

namespace axllama::inference {
namespace {

/// Tokens after which the guard speaks for an answer that goes round a cycle; 0: never within 5,000.
std::size_t caught_after(std::size_t cycle) {
  RepetitionGuard guard;
  for (std::size_t i = 0; i < 5000; ++i) {
    guard.accept(static_cast<text::TokenId>(100 + i % cycle));
    if (guard.looping()) {
      return i + 1;
    }
  }
  return 0;
}

TEST(RepetitionGuard, CatchesShortCyclesAfterAGenerousLength) {
  EXPECT_EQ(caught_after(1), 256U);
  EXPECT_EQ(caught_after(5), 256U);
  EXPECT_EQ(caught_after(16), 256U);
  EXPECT_EQ(caught_after(20), 320U);
  EXPECT_EQ(caught_after(32), 512U);
  EXPECT_EQ(caught_after(33), 0U);
}

TEST(RepetitionGuard, StartsAnewWhenTheCycleIsBroken) {
  RepetitionGuard guard;
  for (int row = 0; row < 100; ++row) {
    for (int i = 0; i < 60; ++i) {
      guard.accept(7);
    }
    guard.accept(1000 + row);  // rows of a table: alike, but not the same
    ASSERT_FALSE(guard.looping());
  }
  for (int i = 0; i < 256; ++i) {
    guard.accept(7);
  }
  EXPECT_TRUE(guard.looping());
}

}  // namespace
}  // namespace axllama::inference
