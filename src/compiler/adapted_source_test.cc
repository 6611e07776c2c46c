#include "compiler/adapted_source.h"

#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace axllama::compiler {
namespace {

using ::testing::ElementsAre;

/// Weights whose value at (row, column) is 100 * row + column, and a note of the shapes asked for.
class CountingSource final : public WeightSource {
 public:
  bool has(const std::string& /*tensor*/) const override { return true; }
  void read_rows(const std::string& tensor, std::size_t rows, std::size_t columns, std::size_t first,
                 std::span<float> out) override {
    asked[tensor] = rows;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<float>(100 * (first + i / columns) + i % columns);
    }
  }
  std::map<std::string, std::size_t> asked;
};

DecoderConfig small_config() {
  DecoderConfig config;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_dim = 8;
  config.hidden = 2;
  config.intermediate = 3;
  config.rope_inv_freq = {1.0F, 0.1F, 0.01F, 0.001F};
  return config;
}

/// The source's row of each row of a projection with two columns.
std::vector<int> rows_of(const DecoderConfig& config, const std::string& tensor, std::size_t rows) {
  CountingSource source;
  AdaptedSource adapted(source, config);
  std::vector<float> values(rows * 2);
  adapted.read_rows(tensor, rows, 2, 0, values);
  std::vector<int> result;
  for (std::size_t row = 0; row < rows; ++row)
    result.push_back(static_cast<int>(std::lround(values[2 * row] / 100.0F)));
  return result;
}

TEST(AdaptedSource, LeavesPlainModelsAlone) {
  CountingSource source;
  const DecoderConfig config = small_config();
  AdaptedSource adapted(source, config);
  std::vector<float> values(4);
  adapted.read_rows("model.layers.0.self_attn.q_proj.weight", 16, 2, 3, values);
  EXPECT_THAT(values, ElementsAre(300.0F, 301.0F, 400.0F, 401.0F));
  adapted.read_rows("lm_head.weight", 16, 2, 0, values);
  EXPECT_EQ(source.asked.at("lm_head.weight"), 16U);
}

TEST(AdaptedSource, TiesTheHeadToTheEmbeddingWithoutItsScale) {
  CountingSource source;
  DecoderConfig config = small_config();
  config.tied_embeddings = true;
  config.embedding_scale = 12;
  AdaptedSource adapted(source, config);
  std::vector<float> values(2);
  adapted.read_rows("lm_head.weight", 16, 2, 1, values);
  EXPECT_THAT(values, ElementsAre(100.0F, 101.0F));
  adapted.read_rows("model.embed_tokens.weight", 16, 2, 1, values);
  EXPECT_THAT(values, ElementsAre(1200.0F, 1212.0F));
}

TEST(AdaptedSource, FoldsResidualAndLogitScales) {
  CountingSource source;
  DecoderConfig config = small_config();
  config.residual_scale = 0.5;
  config.logit_scale = 0.25;
  AdaptedSource adapted(source, config);
  std::vector<float> values(2);
  for (const char* name : {"model.layers.0.self_attn.o_proj.weight", "model.layers.0.mlp.down_proj.weight"}) {
    adapted.read_rows(name, 2, 2, 1, values);
    EXPECT_THAT(values, ElementsAre(50.0F, 50.5F));
  }
  adapted.read_rows("model.norm.weight", 1, 2, 0, values);
  EXPECT_THAT(values, ElementsAre(0.0F, 0.25F));
  adapted.read_rows("model.layers.0.input_layernorm.weight", 1, 2, 0, values);
  EXPECT_THAT(values, ElementsAre(0.0F, 1.0F));
}

TEST(AdaptedSource, TakesFusedProjectionsApart) {
  DecoderConfig config = small_config();
  config.fused_projections = true;
  EXPECT_EQ(rows_of(config, "model.layers.0.self_attn.q_proj.weight", 16).front(), 0);
  EXPECT_THAT(rows_of(config, "model.layers.0.self_attn.k_proj.weight", 8),
              ElementsAre(16, 17, 18, 19, 20, 21, 22, 23));
  EXPECT_THAT(rows_of(config, "model.layers.0.self_attn.v_proj.weight", 8),
              ElementsAre(24, 25, 26, 27, 28, 29, 30, 31));
  EXPECT_THAT(rows_of(config, "model.layers.0.mlp.gate_proj.weight", 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(rows_of(config, "model.layers.0.mlp.up_proj.weight", 3), ElementsAre(3, 4, 5));
  CountingSource source;
  AdaptedSource adapted(source, config);
  std::vector<float> values(2);
  adapted.read_rows("model.layers.7.self_attn.v_proj.weight", 8, 2, 0, values);
  adapted.read_rows("model.layers.7.mlp.up_proj.weight", 3, 2, 0, values);
  EXPECT_EQ(source.asked.at("model.layers.7.self_attn.qkv_proj.weight"), 32U);
  EXPECT_EQ(source.asked.at("model.layers.7.mlp.gate_up_proj.weight"), 6U);
}

TEST(AdaptedSource, MovesRotatedPairsWhereAWholeHeadHasThem) {
  DecoderConfig config = small_config();
  config.rope_inv_freq = {1.0F, 0.1F};  // 4 of 8 values rotate: pairs (0, 2) and (1, 3); 4 to 7 pass
  // Pairs of a whole head are (0, 4), (1, 5), (2, 6), (3, 7).
  EXPECT_THAT(rows_of(config, "model.layers.0.self_attn.k_proj.weight", 8),
              ElementsAre(0, 1, 4, 5, 2, 3, 6, 7));
  EXPECT_THAT(rows_of(config, "model.layers.0.self_attn.q_proj.weight", 16),
              ElementsAre(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  EXPECT_THAT(rows_of(config, "model.layers.0.self_attn.v_proj.weight", 8),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(AdaptedSource, ScalesRotatedQueriesAndKeysOnly) {
  CountingSource source;
  DecoderConfig config = small_config();
  config.rope_inv_freq = {1.0F, 0.1F};
  config.rope_attention_factor = 1.5;
  AdaptedSource adapted(source, config);
  std::vector<float> values(16);
  adapted.read_rows("model.layers.0.self_attn.k_proj.weight", 8, 2, 0, values);
  EXPECT_EQ(values[2], 150.0F);  // row 1 rotates
  EXPECT_EQ(values[4], 400.0F);  // row 4 passes
  EXPECT_EQ(values[8], 300.0F);  // row 2 rotates
  adapted.read_rows("model.layers.0.self_attn.v_proj.weight", 8, 2, 0, values);
  EXPECT_EQ(values[2], 100.0F);
}

}  // namespace
}  // namespace axllama::compiler
