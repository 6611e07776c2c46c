#include "inference/log_probabilities.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "inference/random.h"
#include "inference/testing/simulated_model.h"

namespace axllama::inference {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<base::Bf16> row_of(std::size_t size, double scale) {
  Random random(9);
  std::vector<base::Bf16> row(size);
  for (base::Bf16& bits : row) {
    bits = base::f32_to_bf16(static_cast<float>(scale * (random.uniform() - 0.5)));
  }
  return row;
}

TEST(LogProbabilities, SumsAsTheDefinitionSaysInLongDouble) {
  LogProbabilities probabilities(byte_tokenizer(), 0);
  for (const double scale : {0.001, 1.0, 40.0, 3000.0}) {
    for (const std::size_t size : {1U, 300U, 151936U}) {
      std::vector<base::Bf16> row = row_of(size, scale);
      row.push_back(base::f32_to_bf16(-kInfinity));
      long double largest = -kInfinity;
      for (const base::Bf16 bits : row) {
        largest = std::max<long double>(largest, base::bf16_to_f32(bits));
      }
      long double sum = 0;
      for (const base::Bf16 bits : row) {
        sum += std::exp(static_cast<long double>(base::bf16_to_f32(bits)) - largest);
      }
      const long double expected = largest + std::log(sum);
      EXPECT_NEAR(probabilities.log_sum_exp(row), static_cast<double>(expected),
                  1e-14 * std::max(1.0, std::abs(static_cast<double>(expected))))
          << size << " logits, scale " << scale;
    }
  }
}

TEST(LogProbabilities, TheSumDependsOnNoLogitsPlace) {
  LogProbabilities probabilities(byte_tokenizer(), 0);
  for (const std::size_t size : {2U, 3U, 5U, 6U, 7U, 8U, 100'003U}) {
    std::vector<base::Bf16> row = row_of(size, 20.0);
    const double sum = probabilities.log_sum_exp(row);
    std::reverse(row.begin(), row.end());
    EXPECT_EQ(probabilities.log_sum_exp(row), sum) << size << " logits";
    row.insert(row.begin(), row.back());  // one more of a value that is there
    EXPECT_GT(probabilities.log_sum_exp(row), sum) << size << " logits";
  }
}

TEST(LogProbabilities, TellsTheTokenAndTheBestAlternatives) {
  std::vector<base::Bf16> row(260, base::f32_to_bf16(-kInfinity));
  row['a'] = base::f32_to_bf16(2.0F);
  row['b'] = base::f32_to_bf16(1.0F);
  row[0xC3] = base::f32_to_bf16(0.0F);
  LogProbabilities probabilities(byte_tokenizer(), 2);
  const double log_sum = std::log(std::exp(2.0) + std::exp(1.0) + 1);
  const TokenLogprob of_byte = probabilities.of(0xC3, row);
  EXPECT_EQ(of_byte.token, 0xC3);
  EXPECT_EQ(of_byte.bytes, "\xC3");
  EXPECT_NEAR(of_byte.logprob, -log_sum, 1e-12);
  ASSERT_EQ(of_byte.alternatives.size(), 2U);
  EXPECT_EQ(of_byte.alternatives[0].bytes, "a");
  EXPECT_NEAR(of_byte.alternatives[0].logprob, 2 - log_sum, 1e-12);
  EXPECT_EQ(of_byte.alternatives[1].bytes, "b");
  EXPECT_TRUE(of_byte.alternatives[1].alternatives.empty());
  EXPECT_EQ(probabilities.of('a', row).alternatives[0].token, 'a');  // itself, where it ranks
  EXPECT_EQ(probabilities.of('z', row).logprob, kLeastLogprob);
  EXPECT_TRUE(LogProbabilities(byte_tokenizer(), 0).of('a', row).alternatives.empty());
}

}  // namespace
}  // namespace axllama::inference
