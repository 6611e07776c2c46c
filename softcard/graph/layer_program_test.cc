#include "softcard/graph/layer_program.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numbers>
#include <random>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bfloat16.h"
#include "softcard/graph/test_models.h"

namespace axllama::softcard {
namespace {

using base::Bf16;
using base::bf16_to_f32;
using base::f32_to_bf16;
using ::testing::HasSubstr;
using testing::LayerShape;
using testing::RandomLayer;

constexpr Bf16 kHidden = 0xC780;  // -65536
constexpr Bf16 kUntouched = 0x1234;

std::vector<Bf16> random_bf16(std::size_t count, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<Bf16> values(count);
  for (Bf16& value : values) value = f32_to_bf16(normal(random));
  return values;
}

/// Inputs and outputs of one execution.
struct Operands {
  std::vector<Bf16> k_cache;
  std::vector<Bf16> v_cache;
  std::vector<std::uint32_t> indices;
  std::vector<Bf16> input;
  std::vector<Bf16> mask;
  std::vector<Bf16> k_out;
  std::vector<Bf16> v_out;
  std::vector<Bf16> output;

  Operands(const Program& program, std::size_t group) {
    const auto count = [&](const TensorInfo& info) { return info.bytes(group) / element_size(info.type); };
    k_cache.resize(count(program.inputs()[0]));
    v_cache.resize(count(program.inputs()[1]));
    indices.resize(count(program.inputs()[2]));
    input.resize(count(program.inputs()[3]));
    mask.resize(count(program.inputs()[4]), kHidden);
    k_out.resize(count(program.outputs()[0]), kUntouched);
    v_out.resize(count(program.outputs()[1]), kUntouched);
    output.resize(count(program.outputs()[2]), kUntouched);
  }

  void run(Program& program, std::size_t group) {
    const std::vector<const std::byte*> in = {reinterpret_cast<const std::byte*>(k_cache.data()),
                                              reinterpret_cast<const std::byte*>(v_cache.data()),
                                              reinterpret_cast<const std::byte*>(indices.data()),
                                              reinterpret_cast<const std::byte*>(input.data()),
                                              reinterpret_cast<const std::byte*>(mask.data())};
    const std::vector<std::byte*> out = {reinterpret_cast<std::byte*>(k_out.data()),
                                         reinterpret_cast<std::byte*>(v_out.data()),
                                         reinterpret_cast<std::byte*>(output.data())};
    program.execute(group, in, out);
  }
};

std::vector<double> multiply(const std::vector<double>& weights, const std::vector<double>& x) {
  std::vector<double> y(weights.size() / x.size(), 0.0);
  for (std::size_t row = 0; row < y.size(); ++row) {
    for (std::size_t k = 0; k < x.size(); ++k) y[row] += weights[row * x.size() + k] * x[k];
  }
  return y;
}

std::vector<double> rms_norm(std::vector<double> x, const std::vector<double>& gain) {
  double squares = 0;
  for (const double value : x) squares += value * value;
  const double factor = 1.0 / std::sqrt(squares / static_cast<double>(x.size()) + 1e-6);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= factor * gain[i];
  return x;
}

/// The layer in float64 and plain loops. Attention reads the execution's own K and V rows as the program
/// rounded them to bf16: a float64 value near the middle of two bf16 numbers may round the other way.
class Reference {
 public:
  explicit Reference(const RandomLayer& layer) : layer_(layer), shape_(layer.shape) {}

  struct Row {
    std::vector<double> key;
    std::vector<double> value;
    std::vector<double> output;
  };

  std::vector<Row> run(const Operands& o, std::size_t history) const {
    const std::size_t rows = o.indices.size();
    const std::size_t kv = shape_.kv_heads * shape_.head_dim;
    std::vector<Row> result(rows);
    std::vector<std::vector<double>> queries(rows);
    std::vector<std::vector<double>> inputs(rows);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < shape_.hidden; ++i) {
        inputs[row].push_back(static_cast<double>(bf16_to_f32(o.input[row * shape_.hidden + i])));
      }
      const std::vector<double> normed = rms_norm(inputs[row], layer_.tensors.at("attn_norm"));
      queries[row] = finish(project("q_proj", normed), "q_norm", o.indices[row]);
      result[row].key = finish(project("k_proj", normed), "k_norm", o.indices[row]);
      result[row].value = project("v_proj", normed);
    }
    const std::size_t columns = history + rows;
    for (std::size_t row = 0; row < rows; ++row) {
      std::vector<double> attended(shape_.heads * shape_.head_dim, 0.0);
      for (std::size_t head = 0; head < shape_.heads; ++head) {
        const std::size_t offset = head / (shape_.heads / shape_.kv_heads) * shape_.head_dim;
        const auto at = [&](const std::vector<Bf16>& cache, const std::vector<Bf16>& own, std::size_t column,
                            std::size_t d) {
          const Bf16* line = column < history ? &cache[column * kv] : &own[(column - history) * kv];
          return static_cast<double>(bf16_to_f32(line[offset + d]));
        };
        std::vector<double> weights(columns, 0.0);
        double top = -1e300;
        const auto mask_at = [&](std::size_t column) {
          const std::size_t position = column < history ? column : o.indices[column - history];
          if (shape_.window != 0 && position + shape_.window <= o.indices[row]) return -1e9;
          return static_cast<double>(bf16_to_f32(o.mask[row * columns + column]));
        };
        for (std::size_t column = 0; column < columns; ++column) {
          const double mask = mask_at(column);
          if (mask <= -9984.0) continue;
          double score = 0;
          for (std::size_t d = 0; d < shape_.head_dim; ++d) {
            score += queries[row][head * shape_.head_dim + d] * at(o.k_cache, o.k_out, column, d);
          }
          weights[column] = score / std::sqrt(static_cast<double>(shape_.head_dim)) + mask;
          top = std::max(top, weights[column]);
        }
        double total = 0;
        for (std::size_t column = 0; column < columns; ++column) {
          const double mask = mask_at(column);
          weights[column] = mask <= -9984.0 ? 0.0 : std::exp(weights[column] - top);
          total += weights[column];
        }
        if (total == 0.0) continue;
        for (std::size_t column = 0; column < columns; ++column) {
          for (std::size_t d = 0; d < shape_.head_dim; ++d) {
            if (weights[column] == 0.0) continue;
            attended[head * shape_.head_dim + d] +=
                weights[column] / total * at(o.v_cache, o.v_out, column, d);
          }
        }
      }
      std::vector<double> hidden = inputs[row];
      add(hidden, post_normed("attn_post_norm", project("o_proj", attended)));
      const std::vector<double> normed = rms_norm(hidden, layer_.tensors.at("mlp_norm"));
      std::vector<double> gate = project("gate_proj", normed);
      const std::vector<double> up = project("up_proj", normed);
      for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = activate(gate[i]) * up[i];
      add(hidden, post_normed("mlp_post_norm", project("down_proj", gate)));
      result[row].output = hidden;
    }
    return result;
  }

 private:
  static void add(std::vector<double>& sum, const std::vector<double>& x) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += x[i];
  }
  double activate(double x) const {
    if (shape_.activation == "silu") return x / (1.0 + std::exp(-x));
    return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  }
  std::vector<double> post_normed(const std::string& norm, std::vector<double> x) const {
    return shape_.post_norms ? rms_norm(std::move(x), layer_.tensors.at(norm)) : x;
  }
  std::vector<double> project(const std::string& name, const std::vector<double>& x) const {
    std::vector<double> y = multiply(layer_.tensors.at(name), x);
    const auto bias = layer_.tensors.find(name + ".bias");
    if (bias != layer_.tensors.end()) add(y, bias->second);
    return y;
  }
  std::vector<double> finish(std::vector<double> heads, const std::string& norm,
                             std::uint32_t position) const {
    const std::size_t half = shape_.head_dim / 2;
    for (std::size_t first = 0; first < heads.size(); first += shape_.head_dim) {
      std::vector<double> head(heads.begin() + static_cast<std::ptrdiff_t>(first),
                               heads.begin() + static_cast<std::ptrdiff_t>(first + shape_.head_dim));
      if (shape_.qk_norm) head = rms_norm(head, layer_.tensors.at(norm));
      for (std::size_t i = 0; i < half; ++i) {
        const double angle = position * layer_.tensors.at("rope_inv_freq")[i];
        heads[first + i] = head[i] * std::cos(angle) - head[i + half] * std::sin(angle);
        heads[first + i + half] = head[i + half] * std::cos(angle) + head[i] * std::sin(angle);
      }
    }
    return heads;
  }

  const RandomLayer& layer_;
  const LayerShape& shape_;
};

/// In f32: one bf16 rounding step (2^-8 relative), doubled, plus what f32 sums of this size lose. In integers
/// the activations' 8 bits (an error of about 0.5 % of their deviation per projection) dominate: 5 % of the
/// row's root mean square.
void expect_close(const std::vector<Bf16>& actual, std::size_t row, const std::vector<double>& expected,
                  bool integer) {
  double errors = 0;
  double squares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double value = static_cast<double>(bf16_to_f32(actual[row * expected.size() + i]));
    errors += (value - expected[i]) * (value - expected[i]);
    squares += expected[i] * expected[i];
    if (integer) continue;
    ASSERT_NEAR(value, expected[i], std::abs(expected[i]) / 128.0 + 2e-4)
        << "row " << row << " element " << i;
  }
  ASSERT_LE(std::sqrt(errors), 0.05 * std::sqrt(squares)) << "row " << row;
}

std::unique_ptr<Program> load(const RandomLayer& layer) {
  return Program::load(layer.builder.image(), "test_l0_together.axmodel");
}

nlohmann::json decode_group(std::size_t slots) {
  return {{"kind", "decode"}, {"slots", slots}};
}
nlohmann::json prefill_group(std::size_t rows, std::size_t history) {
  return {{"kind", "prefill"}, {"rows", rows}, {"history", history}};
}

/// A mask as the engine writes it: `visible` history columns, then a causal triangle over `rows` own rows.
void causal_mask(std::vector<Bf16>& mask, std::size_t group_rows, std::size_t history, std::size_t visible,
                 std::size_t rows) {
  std::fill(mask.begin(), mask.end(), kHidden);
  for (std::size_t row = 0; row < rows; ++row) {
    Bf16* line = mask.data() + row * (history + group_rows);
    std::fill_n(line, visible, Bf16{0});
    std::fill_n(line + history, row + 1, Bf16{0});
  }
}

/// Every shape runs in f32 and, where its weights are integers, in integer arithmetic.
class LayerShapesTest : public ::testing::TestWithParam<std::tuple<LayerShape, bool>> {
 protected:
  LayerShapesTest() {
    if (!integer()) ::setenv("AXLLAMA_SOFTCARD_ARITHMETIC", "float", 1);
  }
  ~LayerShapesTest() override { ::unsetenv("AXLLAMA_SOFTCARD_ARITHMETIC"); }

  static LayerShape shape() { return std::get<0>(GetParam()); }
  static bool integer() { return std::get<1>(GetParam()); }
};

TEST_P(LayerShapesTest, MatchesFloat64Reference) {
  LayerShape shape = LayerShapesTest::shape();
  shape.groups = {decode_group(37), prefill_group(64, 0), prefill_group(70, 96)};
  const RandomLayer layer(shape, 3);
  const std::unique_ptr<Program> program = load(layer);
  const Reference reference(layer);
  std::mt19937 random(5);
  const std::size_t histories[] = {37, 0, 96};
  for (std::size_t group = 0; group < 3; ++group) {
    Operands o(*program, group);
    const std::size_t rows = o.indices.size();
    const std::size_t history = histories[group];
    o.k_cache = random_bf16(o.k_cache.size(), random);
    o.v_cache = random_bf16(o.v_cache.size(), random);
    o.input = random_bf16(o.input.size(), random);
    for (std::size_t row = 0; row < rows; ++row)
      o.indices[row] = static_cast<std::uint32_t>(history / 2 + row);
    for (std::size_t i = 0; i < o.mask.size(); ++i) {
      const std::size_t column = i % (history + rows);
      const bool own = column == history + i / (history + rows);
      o.mask[i] = own || random() % 2 == 0 ? Bf16{0} : kHidden;
      if (random() % 7 == 0) o.mask[i] = f32_to_bf16(-1.25F);  // an additive bias, not a hiding value
    }
    o.run(*program, group);
    const std::vector<Reference::Row> expected = reference.run(o, history);
    for (std::size_t row = 0; row < rows; ++row) {
      expect_close(o.k_out, row, expected[row].key, integer());
      expect_close(o.v_out, row, expected[row].value, integer());
      expect_close(o.output, row, expected[row].output, integer());
    }
  }
}

/// The same tokens, once one by one in the decode group and once in chunks of every group, give the same
/// bytes.
TEST_P(LayerShapesTest, ChunkRowsEqualDecodeRowsByteForByte) {
  LayerShape shape = LayerShapesTest::shape();
  constexpr std::size_t kSlots = 150;
  const std::size_t kv = shape.kv_heads * shape.head_dim;
  shape.groups = {decode_group(kSlots), prefill_group(64, 0), prefill_group(64, 80), prefill_group(100, 130),
                  prefill_group(7, 130)};
  const std::size_t group_rows[] = {1, 64, 64, 100, 7};
  const std::size_t group_history[] = {kSlots, 0, 80, 130, 130};
  const RandomLayer layer(shape, 4);
  const std::unique_ptr<Program> program = load(layer);
  std::mt19937 random(6);
  constexpr std::size_t kTokens = 120;
  const std::vector<Bf16> tokens = random_bf16(kTokens * shape.hidden, random);

  // Decode: caches hold random rubbish behind the mask.
  const std::vector<Bf16> rubbish = random_bf16((kSlots + 200) * kv, random);
  std::vector<Bf16> keys = rubbish;
  std::vector<Bf16> values = rubbish;
  std::vector<Bf16> outputs(kTokens * shape.hidden);
  for (std::size_t t = 0; t < kTokens; ++t) {
    Operands o(*program, 0);
    std::copy_n(keys.begin(), o.k_cache.size(), o.k_cache.begin());
    std::copy_n(values.begin(), o.v_cache.size(), o.v_cache.begin());
    o.indices[0] = static_cast<std::uint32_t>(t);
    std::copy_n(tokens.data() + t * shape.hidden, shape.hidden, o.input.data());
    causal_mask(o.mask, 1, kSlots, t, 1);
    o.run(*program, 0);
    std::copy(o.k_out.begin(), o.k_out.end(), keys.begin() + static_cast<std::ptrdiff_t>(t * kv));
    std::copy(o.v_out.begin(), o.v_out.end(), values.begin() + static_cast<std::ptrdiff_t>(t * kv));
    std::copy(o.output.begin(), o.output.end(),
              outputs.begin() + static_cast<std::ptrdiff_t>(t * shape.hidden));
  }

  for (int round = 0; round < 6; ++round) {
    std::vector<Bf16> chunk_keys = rubbish;
    std::vector<Bf16> chunk_values = rubbish;
    for (std::size_t done = 0; done < kTokens;) {
      std::size_t group = 1 + random() % 4;
      while (group_history[group] < done) group = 1 + random() % 4;
      const std::size_t rows = std::min(kTokens - done, 1 + random() % group_rows[group]);
      Operands o(*program, group);
      if (group_history[group] > 0) {
        std::copy_n(chunk_keys.begin(), o.k_cache.size(), o.k_cache.begin());
        std::copy_n(chunk_values.begin(), o.v_cache.size(), o.v_cache.begin());
      }
      o.input = random_bf16(o.input.size(), random);
      std::copy_n(tokens.data() + done * shape.hidden, rows * shape.hidden, o.input.data());
      for (std::size_t row = 0; row < o.indices.size(); ++row)
        o.indices[row] = static_cast<std::uint32_t>(done + row);
      causal_mask(o.mask, group_rows[group], group_history[group], done, rows);
      if (round % 2 == 0) {  // padding rows may also see themselves
        for (std::size_t row = rows; row < group_rows[group]; ++row) {
          o.mask[row * (group_history[group] + group_rows[group]) + group_history[group] + row] = 0;
        }
      }
      o.run(*program, group);
      std::copy_n(o.k_out.data(), rows * kv, chunk_keys.data() + done * kv);
      std::copy_n(o.v_out.data(), rows * kv, chunk_values.data() + done * kv);
      if (group_rows[group] >= 64) {
        ASSERT_EQ(std::memcmp(o.output.data(), outputs.data() + done * shape.hidden, rows * shape.hidden * 2),
                  0)
            << "output of " << rows << " rows at " << done << " in group " << group;
      } else {
        for (const Bf16 bits : o.output) ASSERT_EQ(bits, kUntouched);
      }
      done += rows;
    }
    ASSERT_EQ(std::memcmp(chunk_keys.data(), keys.data(), kTokens * kv * 2), 0);
    ASSERT_EQ(std::memcmp(chunk_values.data(), values.data(), kTokens * kv * 2), 0);
  }
}

const LayerShape kBf16Shapes[] = {
    {.hidden = 64, .heads = 4, .kv_heads = 2, .head_dim = 16, .intermediate = 96},
    {.hidden = 130, .heads = 2, .kv_heads = 2, .head_dim = 80, .intermediate = 66, .bias = true},
    {.hidden = 90,
     .heads = 4,
     .kv_heads = 1,
     .head_dim = 16,
     .intermediate = 70,
     .post_norms = true,
     .activation = "gelu_tanh",
     .window = 13}};
const LayerShape kIntegerShapes[] = {
    {.hidden = 50,
     .heads = 3,
     .kv_heads = 1,
     .head_dim = 6,
     .intermediate = 35,
     .weights = "s8",
     .qk_norm = false,
     .bias = true},
    {.hidden = 128, .heads = 8, .kv_heads = 2, .head_dim = 64, .intermediate = 200, .weights = "s8"},
    {.hidden = 70,
     .heads = 4,
     .kv_heads = 1,
     .head_dim = 32,
     .intermediate = 200,
     .weights = "s8",
     .post_norms = true,
     .activation = "gelu_tanh",
     .window = 1},
    {.hidden = 96, .heads = 4, .kv_heads = 4, .head_dim = 32, .intermediate = 160, .weights = "s8_g32"},
    {.hidden = 64, .heads = 4, .kv_heads = 2, .head_dim = 16, .intermediate = 96, .weights = "q5_1"},
    {.hidden = 256, .heads = 2, .kv_heads = 1, .head_dim = 64, .intermediate = 384, .weights = "s4_g128"},
    {.hidden = 256, .heads = 4, .kv_heads = 2, .head_dim = 64, .intermediate = 256, .weights = "q5_k"},
    {.hidden = 256, .heads = 4, .kv_heads = 1, .head_dim = 64, .intermediate = 512, .weights = "q6_k"}};

INSTANTIATE_TEST_SUITE_P(Bf16, LayerShapesTest,
                         ::testing::Combine(::testing::ValuesIn(kBf16Shapes), ::testing::Values(false)));
INSTANTIATE_TEST_SUITE_P(IntegerWeights, LayerShapesTest,
                         ::testing::Combine(::testing::ValuesIn(kIntegerShapes), ::testing::Bool()));

class LayerProgramTest : public ::testing::Test {
 protected:
  static LayerShape shape_with(nlohmann::json groups) {
    LayerShape shape;
    shape.groups = std::move(groups);
    return shape;
  }
  std::mt19937 random_{9};
};

TEST_F(LayerProgramTest, DescribesItsTensorsAsTheVendorsLayers) {
  const RandomLayer layer(shape_with({decode_group(80), prefill_group(64, 0), prefill_group(64, 128)}));
  const std::unique_ptr<Program> program = load(layer);
  ASSERT_EQ(program->group_count(), 3U);
  EXPECT_EQ(program->compiler_version(), "test 1");
  std::vector<std::string> names;
  for (const TensorInfo& info : program->inputs()) names.push_back(info.name);
  EXPECT_EQ(names, (std::vector<std::string>{"K_cache", "V_cache", "indices", "input", "mask"}));
  names.clear();
  for (const TensorInfo& info : program->outputs()) names.push_back(info.name);
  EXPECT_EQ(names, (std::vector<std::string>{"K_cache_out", "V_cache_out", "output"}));
  using Dims = std::vector<std::vector<std::int32_t>>;
  EXPECT_EQ(program->inputs()[0].dims, (Dims{{1, 80, 32}, {1, 1, 32}, {1, 128, 32}}));
  EXPECT_EQ(program->inputs()[2].dims, (Dims{{1, 1}, {1, 64}, {1, 64}}));
  EXPECT_EQ(program->inputs()[2].type, ElementType::kUint32);
  EXPECT_EQ(program->inputs()[3].dims, (Dims{{1, 1, 64}, {1, 64, 64}, {1, 64, 64}}));
  EXPECT_EQ(program->inputs()[4].dims, (Dims{{1, 1, 81}, {1, 64, 64}, {1, 64, 192}}));
  EXPECT_EQ(program->outputs()[0].dims, (Dims{{1, 1, 32}, {1, 64, 32}, {1, 64, 32}}));
  EXPECT_EQ(program->inputs()[4].bytes(2), 64U * 192U * 2U);
  const std::uint64_t parameters = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 96;
  // Of the projections, k, v, gate and up end in a block that is not full.
  EXPECT_EQ(program->weight_bytes(), 2U * (64 * 64 * 2 + 64 * 64 * 2 + 64 * 128 * 2 + 64 * 96));
  EXPECT_EQ(program->cost(2).cache_bytes, 2U * 128U * 32U * 2U);
  EXPECT_EQ(program->cost(1).cache_bytes, 0U);
  EXPECT_EQ(program->cost(0).multiply_adds, parameters);
  EXPECT_EQ(program->cost(0).attention_multiply_adds, 2 * 81 * 64);
}

TEST_F(LayerProgramTest, HiddenColumnsNeverChangeTheResult) {
  const RandomLayer layer(shape_with({decode_group(80)}));
  const std::unique_ptr<Program> program = load(layer);
  Operands o(*program, 0);
  o.k_cache = random_bf16(o.k_cache.size(), random_);
  o.v_cache = random_bf16(o.v_cache.size(), random_);
  o.input = random_bf16(o.input.size(), random_);
  causal_mask(o.mask, 1, 80, 30, 1);
  o.run(*program, 0);
  const std::vector<Bf16> expected = o.output;
  const std::vector<Bf16> keys = o.k_cache;
  const std::vector<Bf16> values = o.v_cache;
  for (const float hidden : {-1e4F, -65536.0F, -1e9F, -INFINITY}) {
    std::fill(o.mask.begin() + 30, o.mask.end() - 1, f32_to_bf16(hidden));
    o.k_cache = random_bf16(o.k_cache.size(), random_);
    o.v_cache = random_bf16(o.v_cache.size(), random_);
    std::copy_n(keys.begin(), 30 * 32, o.k_cache.begin());
    std::copy_n(values.begin(), 30 * 32, o.v_cache.begin());
    o.run(*program, 0);
    EXPECT_EQ(o.output, expected) << hidden;
  }
  // The same 30 columns in other slots, in the same order.
  std::fill(o.mask.begin(), o.mask.end() - 1, kHidden);
  for (std::size_t i = 0; i < 30; ++i) {
    const std::size_t slot = 2 * i + 11;
    o.mask[slot] = 0;
    std::copy_n(keys.begin() + static_cast<std::ptrdiff_t>(i * 32), 32,
                o.k_cache.begin() + static_cast<std::ptrdiff_t>(slot * 32));
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(i * 32), 32,
                o.v_cache.begin() + static_cast<std::ptrdiff_t>(slot * 32));
  }
  o.run(*program, 0);
  EXPECT_EQ(o.output, expected);
}

TEST_F(LayerProgramTest, KeysBehindTheWindowNeverChangeTheResult) {
  LayerShape shape = shape_with({decode_group(80)});
  shape.window = 10;
  const RandomLayer layer(shape);
  const std::unique_ptr<Program> program = load(layer);
  Operands o(*program, 0);
  o.k_cache = random_bf16(o.k_cache.size(), random_);
  o.v_cache = random_bf16(o.v_cache.size(), random_);
  o.input = random_bf16(o.input.size(), random_);
  o.indices[0] = 30;
  causal_mask(o.mask, 1, 80, 30, 1);
  o.run(*program, 0);
  const std::vector<Bf16> expected = o.output;
  // The row sees itself and the nine before it, positions 21 to 29.
  for (const std::size_t slot : {20U, 21U}) {
    std::fill_n(o.k_cache.begin() + static_cast<std::ptrdiff_t>(slot * 32), 32, f32_to_bf16(2.5F));
    std::fill_n(o.v_cache.begin() + static_cast<std::ptrdiff_t>(slot * 32), 32, f32_to_bf16(2.5F));
    o.run(*program, 0);
    EXPECT_EQ(o.output == expected, slot == 20) << slot;
  }
}

TEST_F(LayerProgramTest, LayersWithAndWithoutAWindowMayTakeTurns) {
  LayerShape shape = shape_with({decode_group(80), prefill_group(64, 0)});
  const std::unique_ptr<Program> global = load(RandomLayer(shape));
  shape.window = 5;
  const std::unique_ptr<Program> local = load(RandomLayer(shape));
  Operands o(*global, 1);
  o.input = random_bf16(o.input.size(), random_);
  for (std::size_t row = 0; row < 64; ++row) o.indices[row] = static_cast<std::uint32_t>(row);
  causal_mask(o.mask, 64, 0, 0, 64);
  o.run(*global, 1);
  const std::vector<Bf16> all = o.output;
  o.run(*local, 1);
  const std::vector<Bf16> few = o.output;
  EXPECT_TRUE(std::equal(all.begin(), all.begin() + 5 * 64, few.begin()));
  EXPECT_FALSE(std::equal(all.begin() + 5 * 64, all.begin() + 6 * 64, few.begin() + 5 * 64));
  for (int turn = 0; turn < 2; ++turn) {
    o.run(*global, 1);
    EXPECT_EQ(o.output, all);
    o.run(*local, 1);
    EXPECT_EQ(o.output, few);
  }
}

TEST_F(LayerProgramTest, RowsThatSeeNothingAreFinite) {
  const RandomLayer layer(shape_with({decode_group(80), prefill_group(64, 0)}));
  const std::unique_ptr<Program> program = load(layer);
  Operands one(*program, 0);
  one.input = random_bf16(one.input.size(), random_);
  one.run(*program, 0);
  for (const Bf16 bits : one.output) EXPECT_TRUE(std::isfinite(bf16_to_f32(bits)));

  Operands o(*program, 1);
  o.input = random_bf16(o.input.size(), random_);
  causal_mask(o.mask, 64, 0, 0, 40);
  std::fill_n(o.mask.begin() + 64 * 7, 64,
              kHidden);  // row 7 sees nothing, rows 40.. are padding
  o.run(*program, 1);
  for (const Bf16 bits : o.output) ASSERT_TRUE(std::isfinite(bf16_to_f32(bits)));
  EXPECT_NE(o.k_out[39 * 32], 0);
  EXPECT_NE(o.k_out[7 * 32], 0);
  for (std::size_t i = std::size_t{40} * 32; i < o.k_out.size(); ++i) ASSERT_EQ(o.k_out[i], 0);
  for (std::size_t i = std::size_t{40} * 64; i < o.output.size(); ++i) ASSERT_EQ(o.output[i], 0);
}

TEST_F(LayerProgramTest, FollowsThePolicyForUninitialisedCaches) {
  const RandomLayer layer(shape_with({decode_group(80), prefill_group(64, 80)}));
  const std::unique_ptr<Program> program = load(layer);
  for (const std::size_t group : {0U, 1U}) {
    for (const bool key : {true, false}) {
      Operands o(*program, group);
      const std::size_t rows = o.indices.size();
      o.k_cache = random_bf16(o.k_cache.size(), random_);
      o.v_cache = random_bf16(o.v_cache.size(), random_);
      o.input = random_bf16(o.input.size(), random_);
      causal_mask(o.mask, rows, 80, 20, rows);
      o.run(*program, group);
      const std::vector<Bf16> clean = o.output;
      std::vector<Bf16>& cache = key ? o.k_cache : o.v_cache;
      std::fill_n(cache.begin() + 50 * 32, 32, Bf16{0xFFFF});

      program->set_uninitialized_cache(UninitializedCache::kIgnore);
      o.run(*program, group);
      EXPECT_EQ(o.output, clean);

      program->set_uninitialized_cache(UninitializedCache::kRefuse);
      try {
        o.run(*program, group);
        FAIL();
      } catch (const UninitializedCacheError& error) {
        EXPECT_THAT(error.what(), HasSubstr(key ? "K_cache row 50" : "V_cache row 50"));
      }

      program->set_uninitialized_cache(UninitializedCache::kPoison);
      o.run(*program, group);
      for (const Bf16 bits : o.output) ASSERT_TRUE(std::isnan(bf16_to_f32(bits)));
      for (const Bf16 bits : o.k_out) ASSERT_FALSE(std::isnan(bf16_to_f32(bits)));

      // A visible NaN row always shows.
      program->set_uninitialized_cache(UninitializedCache::kIgnore);
      std::fill_n(cache.begin() + 10 * 32, 32, Bf16{0xFFFF});
      o.run(*program, group);
      for (const Bf16 bits : o.output) ASSERT_TRUE(std::isnan(bf16_to_f32(bits)));
      program->set_uninitialized_cache(UninitializedCache::kPoison);
    }
  }
}

TEST_F(LayerProgramTest, NanPaddingRowsPoisonOrAreIgnored) {
  const RandomLayer layer(shape_with({decode_group(80), prefill_group(64, 0)}));
  const std::unique_ptr<Program> program = load(layer);
  for (const bool sees_itself : {false, true}) {
    Operands o(*program, 1);
    o.input = random_bf16(o.input.size(), random_);
    causal_mask(o.mask, 64, 0, 0, 10);
    if (sees_itself) {
      for (std::size_t row = 10; row < 64; ++row) o.mask[row * 64 + row] = 0;
    }
    o.run(*program, 1);
    const std::vector<Bf16> clean(o.output.begin(), o.output.begin() + 10 * 64);
    std::fill(o.input.begin() + 10 * 64, o.input.end(), Bf16{0xFFFF});

    program->set_uninitialized_cache(UninitializedCache::kIgnore);
    o.run(*program, 1);
    EXPECT_TRUE(std::equal(clean.begin(), clean.end(), o.output.begin()));

    program->set_uninitialized_cache(UninitializedCache::kPoison);
    o.run(*program, 1);
    EXPECT_TRUE(std::isnan(bf16_to_f32(o.output[0])));

    program->set_uninitialized_cache(UninitializedCache::kRefuse);
    EXPECT_THROW(o.run(*program, 1), UninitializedCacheError);
  }
}

TEST_F(LayerProgramTest, WritesKeysStraightIntoTheCacheSlot) {
  const RandomLayer layer(shape_with({decode_group(80)}));
  const std::unique_ptr<Program> program = load(layer);
  Operands o(*program, 0);
  o.k_cache = random_bf16(o.k_cache.size(), random_);
  o.v_cache = random_bf16(o.v_cache.size(), random_);
  o.input = random_bf16(o.input.size(), random_);
  o.indices[0] = 12;
  causal_mask(o.mask, 1, 80, 12, 1);
  o.run(*program, 0);
  const std::vector<const std::byte*> in = {reinterpret_cast<const std::byte*>(o.k_cache.data()),
                                            reinterpret_cast<const std::byte*>(o.v_cache.data()),
                                            reinterpret_cast<const std::byte*>(o.indices.data()),
                                            reinterpret_cast<const std::byte*>(o.input.data()),
                                            reinterpret_cast<const std::byte*>(o.mask.data())};
  std::vector<Bf16> output(o.output.size());
  const std::vector<std::byte*> out = {reinterpret_cast<std::byte*>(o.k_cache.data() + 12 * 32),
                                       reinterpret_cast<std::byte*>(o.v_cache.data() + 12 * 32),
                                       reinterpret_cast<std::byte*>(output.data())};
  program->execute(0, in, out);
  EXPECT_EQ(output, o.output);
  EXPECT_TRUE(std::equal(o.k_out.begin(), o.k_out.end(), o.k_cache.begin() + 12 * 32));
}

TEST_F(LayerProgramTest, RefusesImpossibleIndicesAndGroups) {
  const RandomLayer layer(shape_with({decode_group(80), prefill_group(64, 128)}));
  const std::unique_ptr<Program> program = load(layer);
  Operands o(*program, 0);
  o.indices[0] = 128 + 64 - 1;
  o.run(*program, 0);
  o.indices[0] = 128 + 64;
  EXPECT_THROW(o.run(*program, 0), ProgramError);
  o.indices[0] = 0xFFFFFFFF;
  EXPECT_THROW(o.run(*program, 0), ProgramError);
  EXPECT_THROW(o.run(*program, 2), ProgramError);
}

}  // namespace
}  // namespace axllama::softcard
