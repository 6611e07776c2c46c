#include "inference/random.h"

#include <array>
#include <cstdint>

#include <gtest/gtest.h>

namespace axllama::inference {
namespace {

TEST(Random, GivesThePublishedSequence) {
  Random random(std::array<std::uint64_t, 4>{1, 2, 3, 4});
  const std::array<std::uint64_t, 6> expected = {
      11520U, 0U, 1509978240U, 1215971899390074240U, 1216172134540287360U, 607988272756665600U};
  for (const std::uint64_t value : expected) {
    EXPECT_EQ(random.next(), value);
  }
}

TEST(Random, FillsItsStateWithSplitMix64) {
  // SplitMix64 from 0 begins with these four words.
  Random from_seed(0);
  Random from_state(std::array<std::uint64_t, 4>{0xE220A8397B1DCDAFU, 0x6E789E6AA1B965F4U,
                                                 0x06C45D188009454FU, 0xF88BB8A8724C81ECU});
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(from_seed.next(), from_state.next());
  }
}

TEST(Random, UniformStaysBelowOneAndSpreadsEvenly) {
  Random random(42);
  std::array<int, 10> histogram{};
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++histogram[static_cast<std::size_t>(u * 10)];
  }
  for (const int count : histogram) {
    EXPECT_NEAR(count, kDraws / 10, 500);  // five standard deviations
  }
}

TEST(Random, SystemSeedsDiffer) {
  EXPECT_NE(random_seed(), random_seed());
}

}  // namespace
}  // namespace axllama::inference
