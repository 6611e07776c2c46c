#include "model/embedding_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::model {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

PackageConfig config_with(std::optional<std::size_t> vocabulary, std::optional<std::size_t> hidden) {
  PackageConfig config;
  config.file = "/models/x/config.json";
  config.vocabulary_size = vocabulary;
  config.hidden_size = hidden;
  return config;
}

EmbeddingShape infer(std::uint64_t bytes, const PackageConfig& config, std::size_t tokens) {
  return infer_embedding_shape("/models/x/embed.bin", bytes, config, tokens);
}

std::string refusal(std::uint64_t bytes, const PackageConfig& config, std::size_t tokens) {
  try {
    infer(bytes, config, tokens);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
    return error.message();
  }
  ADD_FAILURE() << "the shape was accepted";
  return {};
}

constexpr std::uint64_t kQwen3Bytes = 151936ULL * 2560 * 2;

TEST(InferEmbeddingShape, TakesTheConfigurationsWord) {
  EXPECT_EQ(infer(kQwen3Bytes, config_with(151936, 2560), 151669), (EmbeddingShape{151936, 2560}));
  EXPECT_EQ(infer(kQwen3Bytes, config_with(151936, {}), 151669), (EmbeddingShape{151936, 2560}));
  EXPECT_EQ(infer(kQwen3Bytes, config_with({}, 2560), 151669), (EmbeddingShape{151936, 2560}));
}

// Published models: rows, hidden size, ordinary tokens.
struct Published {
  std::size_t vocabulary;
  std::size_t hidden;
  std::size_t tokens;
};
class PublishedModels : public ::testing::TestWithParam<Published> {};

TEST_P(PublishedModels, AreRecognisedFromSizeAndTokenizerAlone) {
  const auto& [vocabulary, hidden, tokens] = GetParam();
  EXPECT_EQ(infer(std::uint64_t{2} * vocabulary * hidden, config_with({}, {}), tokens),
            (EmbeddingShape{vocabulary, hidden}));
}

INSTANTIATE_TEST_SUITE_P(Models, PublishedModels,
                         ::testing::Values(Published{151936, 1024, 151643}, Published{151936, 2048, 151669},
                                           Published{151936, 2560, 151669}, Published{151936, 896, 151643},
                                           Published{152064, 3584, 151643}, Published{128256, 2048, 128000},
                                           Published{49152, 960, 49152}, Published{262144, 1152, 262144},
                                           Published{73448, 1024, 73440}, Published{6144, 256, 6000}));

TEST(InferEmbeddingShape, NamesTheFileAndBothSizes) {
  EXPECT_THAT(refusal(kQwen3Bytes - 2, config_with(151936, 2560), 151669),
              AllOf(HasSubstr("/models/x/embed.bin has 777912318 bytes"), HasSubstr("asks for 777912320"),
                    HasSubstr("/models/x/config.json")));
  EXPECT_THAT(refusal(kQwen3Bytes, config_with({}, 2304), 151669), HasSubstr("rows of 2304"));
  EXPECT_THAT(refusal(kQwen3Bytes, config_with(151935, {}), 151669), HasSubstr("columns of 151935"));
  EXPECT_THAT(refusal(64, config_with({}, 0), 1), HasSubstr("rows of 0"));
}

TEST(InferEmbeddingShape, WantsARowForEveryToken) {
  EXPECT_THAT(refusal(1000ULL * 64 * 2, config_with(1000, 64), 1001),
              AllOf(HasSubstr("1000 rows"), HasSubstr("1001 tokens")));
}

TEST(InferEmbeddingShape, DoesNotGuessWildly) {
  EXPECT_THAT(refusal(151936ULL * 2560 * 2 + 2, config_with({}, {}), 151669),
              HasSubstr("fits no usual hidden size"));
  EXPECT_THAT(refusal(777, config_with({}, {}), 10), HasSubstr("fits no usual hidden size"));
  EXPECT_THAT(refusal(777, config_with({}, {}), 0), HasSubstr("fits no usual hidden size"));
}

}  // namespace
}  // namespace axllama::model
