#include "softcard/graph/top_logits.h"

#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "base/bfloat16.h"

namespace axllama::softcard {
namespace {

using base::bf16_to_f32;
using base::f32_to_bf16;

std::vector<std::int32_t> top(const std::vector<float>& logits, std::size_t count) {
  std::vector<std::uint16_t> row(logits.size());
  std::transform(logits.begin(), logits.end(), row.begin(), f32_to_bf16);
  std::vector<std::int32_t> indices(count);
  std::vector<std::uint16_t> values(count);
  TopLogits().find(row, indices, values);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(values[i], row[static_cast<std::size_t>(indices[i])]);
  }
  return indices;
}

TEST(TopLogits, AreInOrderAndTiesGoToTheLowestIndex) {
  EXPECT_EQ(top({1, 3, -2, 3, 2, 3}, 4), (std::vector<std::int32_t>{1, 3, 5, 4}));
  EXPECT_EQ(top({1, 3, -2, 3, 2, 3}, 2), (std::vector<std::int32_t>{1, 3}));
  EXPECT_EQ(top({-1, -3, -2}, 3), (std::vector<std::int32_t>{0, 2, 1}));
  EXPECT_EQ(top({0.0F, -0.0F, 0.0F}, 2), (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(top({-0.0F, 0.0F}, 1), (std::vector<std::int32_t>{0}));
}

TEST(TopLogits, NumbersThatAreNoneCannotHide) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(top({1, 2, nan, infinity, -infinity}, 3), (std::vector<std::int32_t>{2, 3, 1}));
  EXPECT_EQ(top({1, 2, -nan}, 1), (std::vector<std::int32_t>{2}));
}

TEST(TopLogits, AreThoseOfASortedRow) {
  std::mt19937 random(3);
  for (const std::size_t size : {1U, 70U, 4000U}) {
    std::vector<float> logits(size);
    for (float& logit : logits) {
      logit = static_cast<float>(static_cast<int>(random() % 200) - 100) / 8;  // with many ties
    }
    std::vector<std::int32_t> expected(size);
    std::iota(expected.begin(), expected.end(), 0);
    std::stable_sort(expected.begin(), expected.end(), [&](std::int32_t a, std::int32_t b) {
      return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
    });
    for (const std::size_t count : {std::size_t{1}, std::min<std::size_t>(size, 40), size}) {
      EXPECT_EQ(
          top(logits, count),
          std::vector<std::int32_t>(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(count)));
    }
  }
}

}  // namespace
}  // namespace axllama::softcard
