#include "inference/final_norm.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace axllama::inference {
namespace {

using base::Bf16;

std::vector<Bf16> bits(const std::vector<float>& values) {
  std::vector<Bf16> row;
  for (const float value : values) {
    row.push_back(base::f32_to_bf16(value));
  }
  return row;
}

TEST(StatePool, NormsEachRowAndTakesTheMean) {
  StatePool pool;
  EXPECT_TRUE(pool.mean().empty());
  const std::vector<float> gain = {1, 2};
  pool.add(bits({3, 4}), gain);  // root mean square: sqrt(12.5)
  const double rms = std::sqrt(12.5);
  ASSERT_EQ(pool.mean().size(), 2U);
  EXPECT_NEAR(pool.mean()[0], 3 / rms, 1e-6);
  EXPECT_NEAR(pool.mean()[1], 8 / rms, 1e-6);
  pool.add(bits({-300, 400, 0, 8}), gain);  // their sizes do not count
  EXPECT_NEAR(pool.mean()[0], (3 / rms - 3 / rms + 0) / 3, 1e-6);
  EXPECT_NEAR(pool.mean()[1], (8 / rms + 8 / rms + 2 * std::sqrt(2.0)) / 3, 1e-6);
  pool.clear();
  EXPECT_TRUE(pool.mean().empty());
}

TEST(StatePool, ZerosStayZerosAndNansShow) {
  StatePool pool;
  const std::vector<float> gain = {1, 1};
  pool.add(bits({0, 0}), gain);
  EXPECT_EQ(pool.mean(), (std::vector<float>{0, 0}));
  pool.add(bits({1, NAN}), gain);
  EXPECT_TRUE(std::isnan(pool.mean()[0]));
}

}  // namespace
}  // namespace axllama::inference
