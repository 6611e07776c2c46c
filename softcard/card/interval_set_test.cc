#include "softcard/card/interval_set.h"

#include <bitset>
#include <random>

#include <gtest/gtest.h>

namespace axllama::softcard {
namespace {

TEST(IntervalSetTest, EmptyRangesAreAlwaysIn) {
  const IntervalSet set;
  EXPECT_TRUE(set.contains(5, 5));
  EXPECT_FALSE(set.contains(5, 6));
  EXPECT_EQ(set.first_missing(5, 9), 5U);
}

TEST(IntervalSetTest, NeighboursJoin) {
  IntervalSet set;
  set.insert(10, 20);
  set.insert(30, 40);
  set.insert(20, 30);
  EXPECT_TRUE(set.contains(10, 40));
  EXPECT_FALSE(set.contains(9, 40));
  EXPECT_EQ(set.first_missing(10, 50), 40U);
}

TEST(IntervalSetTest, ErasingFromTheMiddleLeavesBothSides) {
  IntervalSet set;
  set.insert(0, 100);
  set.erase(40, 60);
  EXPECT_TRUE(set.contains(0, 40));
  EXPECT_TRUE(set.contains(60, 100));
  EXPECT_EQ(set.first_missing(0, 100), 40U);
  EXPECT_FALSE(set.contains(59, 61));
}

TEST(IntervalSetTest, AgreesWithABitPerByte) {
  constexpr std::size_t kBytes = 64;
  std::mt19937 random(11);
  std::uniform_int_distribution<std::uint64_t> at(0, kBytes);
  IntervalSet set;
  std::bitset<kBytes> bits;
  for (int step = 0; step < 5000; ++step) {
    auto begin = at(random);
    auto end = at(random);
    if (begin > end) {
      std::swap(begin, end);
    }
    const bool insert = random() % 2 == 0;
    insert ? set.insert(begin, end) : set.erase(begin, end);
    for (auto byte = begin; byte < end; ++byte) {
      bits[byte] = insert;
    }
    const auto from = at(random);
    std::uint64_t missing = from;
    while (missing < kBytes && bits[missing]) {
      ++missing;
    }
    ASSERT_EQ(set.first_missing(from, kBytes), missing) << "step " << step;
  }
}

}  // namespace
}  // namespace axllama::softcard
