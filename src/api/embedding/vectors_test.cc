#include "api/embedding/vectors.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace axllama::api::embedding {
namespace {

TEST(Vectors, AreNormalised) {
  Vector vector = {3, 0, -4};
  normalise(vector);
  EXPECT_EQ(vector, (Vector{0.6F, 0, -0.8F}));
  Vector zeros = {0, 0};
  normalise(zeros);
  EXPECT_EQ(zeros, (Vector{0, 0}));
  Vector huge = {3e38F, 3e38F};  // squares are beyond a float
  normalise(huge);
  EXPECT_NEAR(huge[0], std::sqrt(0.5), 1e-6);
}

TEST(Vectors, AreCutAndNormalisedAgain) {
  Vector vector = {3, 4, 12};
  shorten(vector, 2);
  ASSERT_EQ(vector.size(), 2U);
  EXPECT_NEAR(vector[0], 0.6, 1e-6);
  EXPECT_NEAR(vector[1], 0.8, 1e-6);
  for (const std::size_t all : {0U, 3U, 4U}) {
    Vector whole = {0, 0, 5};
    shorten(whole, all);
    EXPECT_EQ(whole, (Vector{0, 0, 1}));
  }
}

TEST(Vectors, RefuseWhatIsNoNumber) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Vector vector = {1, bad};
    try {
      shorten(vector, 1);
      FAIL() << bad;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
      EXPECT_EQ(error.message(), "embedding contains NaN or Inf values");
    }
  }
}

TEST(Vectors, CosineIsThatOfTheirAngle) {
  EXPECT_EQ(cosine(Vector{1, 0}, Vector{0, 1}), 0);
  EXPECT_NEAR(cosine(Vector{0.6F, 0.8F}, Vector{0.6F, 0.8F}), 1, 1e-6);
  EXPECT_NEAR(cosine(Vector{0.6F, 0.8F}, Vector{-0.6F, -0.8F}), -1, 1e-6);
}

TEST(Vectors, JsonGivesTheSameFloats) {
  EXPECT_EQ(to_json_array(Vector{}), "[]");
  EXPECT_EQ(to_json_array(Vector{0.1F, -1, 0, 1e-20F}), "[0.1,-1,0,1e-20]");
  std::mt19937 random(5);
  Vector vector;
  while (vector.size() < 1000) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value)) {
      vector.push_back(value);
    }
  }
  vector.push_back(-std::numeric_limits<float>::min());
  vector.push_back(std::numeric_limits<float>::denorm_min());
  const auto read = nlohmann::json::parse(to_json_array(vector));
  ASSERT_EQ(read.size(), vector.size());
  for (std::size_t i = 0; i < vector.size(); ++i) {
    EXPECT_EQ(read[i].get<float>(), vector[i]);
  }
}

TEST(Vectors, Base64IsOfLittleEndianBytes) {
  EXPECT_EQ(to_base64(Vector{1, -2}), "AACAPwAAAMA=");
  EXPECT_EQ(to_base64(Vector{}), "");
}

}  // namespace
}  // namespace axllama::api::embedding
