#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bfloat16.h"
#include "softcard/kernels/dispatch.h"
#include "softcard/kernels/testing/guarded.h"
#include "softcard/weights/testing/random_matrix.h"

namespace axllama::softcard {
namespace {

using base::bf16_to_f32;
using base::f32_to_bf16;
using testing::Guarded;
using testing::random_matrix;
using testing::RandomMatrix;

/// Every case runs on every instruction set of this machine and compares the bytes with the scalar kernels.
class KernelsTest : public ::testing::TestWithParam<const KernelTable*> {
 protected:
  const KernelTable& table() const { return *GetParam(); }
  const KernelTable& meaning() const { return *scalar_kernels(); }

  Guarded<float> random_floats(std::size_t count, float spread = 1.0F) {
    std::normal_distribution<float> normal(0.0F, spread);
    Guarded<float> values(count);
    for (float& value : values) value = normal(random_);
    return values;
  }
  Guarded<std::uint16_t> random_bf16(std::size_t count) {
    Guarded<std::uint16_t> values;
    values.reserve(count);
    for (const float value : random_floats(count)) values.push_back(f32_to_bf16(value));
    return values;
  }

  std::mt19937 random_{20261123};
};

void expect_same_bytes(const Guarded<float>& a, const Guarded<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(a[i]), std::bit_cast<std::uint32_t>(b[i]))
        << "at " << i << ": " << a[i] << " and " << b[i];
  }
}

/// Random rows of x, each zero beyond `columns` and readable up to the next multiple of 32.
struct Rows {
  std::size_t stride;
  Guarded<float> values;
};
Rows random_rows(std::size_t rows, std::size_t columns, std::mt19937& random) {
  const std::size_t readable = (columns + 31) / 32 * 32;
  Rows x{readable + 8, {}};
  x.values.resize((rows - 1) * x.stride + readable);
  std::normal_distribution<float> normal;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t k = 0; k < columns; ++k) x.values[row * x.stride + k] = normal(random);
  }
  return x;
}

/// A matrix whose packed weights end at a guard.
struct GuardedMatrix {
  explicit GuardedMatrix(const RandomMatrix& matrix)
      : layout(matrix.layout), packed(matrix.packed.begin(), matrix.packed.end()) {}
  WeightView view() const { return layout.view(packed.data()); }

  PackedLayout layout;
  Guarded<std::byte> packed;
};

Guarded<float> project(const KernelTable& table, const GuardedMatrix& matrix, const ActivationView& x) {
  const std::size_t stride = matrix.layout.blocks() * kBlockRows;
  Guarded<float> y(x.rows * stride, -1.0F);
  for (std::size_t block = 0; block < matrix.layout.blocks(); ++block) {
    table.project_block(matrix.view(), block, x, y.data() + block * kBlockRows, stride);
  }
  return y;
}

Guarded<float> project_integer(const KernelTable& table, const GuardedMatrix& matrix,
                               const ActivationView& x) {
  const std::size_t groups = matrix.layout.view(nullptr).groups;
  const std::size_t value_stride = groups * kGroupDepth;
  Guarded<std::int8_t> values(x.rows * value_stride);
  const std::size_t scale_stride = (groups + kScaleGroups - 1) / kScaleGroups;
  Guarded<float> scales(x.rows * scale_stride);
  Guarded<std::int32_t> group_sums(x.rows * groups);
  Guarded<std::int32_t> half_sums(x.rows * groups * 2);
  for (std::size_t row = 0; row < x.rows; ++row) {
    table.quantise(x.data + row * x.stride, groups,
                   {values.data() + row * value_stride, scales.data() + row * scale_stride,
                    group_sums.data() + row * groups, half_sums.data() + row * groups * 2});
  }
  const QuantisedView quantised{values.data(),    scales.data(), group_sums.data(),
                                half_sums.data(), value_stride,  scale_stride,
                                groups,           x.rows};
  const std::size_t stride = matrix.layout.blocks() * kBlockRows;
  Guarded<float> y(x.rows * stride, -1.0F);
  for (std::size_t block = 0; block < matrix.layout.blocks(); ++block) {
    table.project_block_integer(matrix.view(), block, quantised, y.data() + block * kBlockRows, stride);
  }
  return y;
}

/// What integer arithmetic sees of x: q * scale per 128 columns.
std::vector<double> quantised_values(const float* x, std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t first = 0; first < count; first += kScaleDepth) {
    const std::size_t end = std::min(count, first + kScaleDepth);
    float top = 0;
    for (std::size_t k = first; k < end; ++k) top = std::max(top, std::abs(x[k]));
    for (std::size_t k = first; k < end; ++k) {
      const float q = top == 0.0F ? 0.0F : std::nearbyint(x[k] * (127.0F / top));
      values[k] = static_cast<double>(q) * static_cast<double>(top / 127.0F);
    }
  }
  return values;
}

TEST_P(KernelsTest, ProjectionsMatchNaiveSumsForEveryRowCount) {
  constexpr std::size_t kMost = 15;
  for (const WeightKind& kind : weight_kinds()) {
    SCOPED_TRACE(kind.name);
    for (const std::size_t rows : {1U, 5U, 64U, 130U}) {
      for (const std::size_t columns : {1U, 2U, 7U, 64U, 129U, 256U, 512U}) {
        if (columns % std::max<std::size_t>(1, kind.group) != 0 &&
            (kind.factor_group() != 0 || columns % 2 != 0))
          continue;
        const RandomMatrix matrix = random_matrix(kind, rows, columns, 1.0F, random_);
        std::vector<double> weights(rows * columns);
        for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = matrix.at(i / columns, i % columns);
        const GuardedMatrix guarded(matrix);
        const Rows x = random_rows(kMost, columns, random_);
        const std::size_t y_stride = matrix.layout.blocks() * kBlockRows;
        for (const bool integer : {false, true}) {
          if (integer && kind.is_float()) continue;
          const auto run = integer ? project_integer : project;
          const Guarded<float> all = run(table(), guarded, {x.values.data(), x.stride, kMost});
          for (std::size_t r = 0; r < kMost; ++r) {
            const float* line = x.values.data() + r * x.stride;
            const std::vector<double> seen =
                integer ? quantised_values(line, columns) : std::vector<double>(line, line + columns);
            for (std::size_t row = 0; row < rows; ++row) {
              double expected = 0;
              double magnitude = 0;
              for (std::size_t k = 0; k < columns; ++k) {
                const double product = weights[row * columns + k] * seen[k];
                expected += product;
                magnitude += std::abs(product) + std::abs(seen[k]);  // minimums may cancel what q * scale is
              }
              ASSERT_NEAR(all[r * y_stride + row], expected, 1e-5 * magnitude + 1e-30)
                  << "integer " << integer;
            }
            for (std::size_t row = rows; row < y_stride; ++row) ASSERT_EQ(all[r * y_stride + row], 0.0F);
          }
          expect_same_bytes(all, run(meaning(), guarded, {x.values.data(), x.stride, kMost}));
          // One row alone, and any group of rows, give the bytes they give in the whole chunk.
          for (std::size_t count = 1; count < kMost; ++count) {
            const std::size_t first = kMost - count;
            const Guarded<float> part =
                run(table(), guarded, {x.values.data() + first * x.stride, x.stride, count});
            expect_same_bytes(part, {all.begin() + static_cast<std::ptrdiff_t>(first * y_stride), all.end()});
          }
        }
      }
    }
  }
}

TEST_P(KernelsTest, QuantiseKeepsZeroTinyAndPoison) {
  constexpr std::size_t kScales = 5;
  Guarded<float> x(4 * kScaleDepth + kGroupDepth, 0.0F);  // the last scale is that of 32 columns
  x[kScaleDepth] = 1e-38F;
  x[2 * kScaleDepth + 3] = std::numeric_limits<float>::quiet_NaN();
  x[3 * kScaleDepth + 127] = -INFINITY;
  for (std::size_t i = 0; i < kGroupDepth; ++i) x[4 * kScaleDepth + i] = i % 2 == 0 ? -127.0F : 63.5F;
  const std::size_t groups = x.size() / kGroupDepth;
  Guarded<std::int8_t> values(x.size());
  Guarded<std::int32_t> group_sums(groups);
  Guarded<std::int32_t> half_sums(2 * groups);
  float scales[kScales];
  table().quantise(x.data(), groups, {values.data(), scales, group_sums.data(), half_sums.data()});
  EXPECT_EQ(scales[0], 0.0F);
  EXPECT_EQ(scales[1], 0.0F);
  EXPECT_EQ(group_sums[4], 0);
  EXPECT_TRUE(std::isnan(scales[2]));
  EXPECT_TRUE(std::isnan(scales[3]));
  EXPECT_EQ(scales[4], 1.0F);
  EXPECT_EQ(values[4 * kScaleDepth], -127);
  EXPECT_EQ(values[4 * kScaleDepth + 31], 64) << "63.5 rounds to even";
  EXPECT_EQ(half_sums[32], 8 * (127 - 64));
  EXPECT_EQ(half_sums[33], 8 * (127 - 64));
  EXPECT_EQ(group_sums[16], 16 * (127 - 64));
}

TEST_P(KernelsTest, Bf16ConversionsMatchTheScalarOnesOnEverySpecialValue) {
  Guarded<float> values = random_floats(1003, 100.0F);
  for (const float special : {0.0F, -0.0F, INFINITY, -INFINITY, std::numeric_limits<float>::quiet_NaN(),
                              1e-40F, std::numeric_limits<float>::max(), std::bit_cast<float>(0x3F808000U),
                              std::bit_cast<float>(0x3F818000U), std::bit_cast<float>(0x7F800001U),
                              std::bit_cast<float>(0xFFFFFFFFU)}) {
    values.push_back(special);
  }
  values.shrink_to_fit();
  Guarded<std::uint16_t> bits(values.size());
  table().f32_to_bf16(values.data(), values.size(), bits.data());
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(bits[i], f32_to_bf16(values[i])) << values[i];
  Guarded<float> back(values.size());
  table().bf16_to_f32(bits.data(), bits.size(), back.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(back[i]), std::uint32_t{bits[i]} << 16U);
  }
}

TEST_P(KernelsTest, RmsNormMatchesDouble) {
  for (const std::size_t count : {1U, 15U, 16U, 31U, 64U, 1000U}) {
    const Guarded<float> x = random_floats(count, 3.0F);
    const Guarded<float> gain = random_floats(count);
    Guarded<float> y(count);
    Guarded<float> other(count);
    table().rms_norm(x.data(), gain.data(), 1e-6F, count, y.data());
    meaning().rms_norm(x.data(), gain.data(), 1e-6F, count, other.data());
    expect_same_bytes(y, other);
    double squares = 0;
    for (const float value : x) squares += static_cast<double>(value) * static_cast<double>(value);
    const double factor = 1.0 / std::sqrt(squares / static_cast<double>(count) + 1e-6);
    for (std::size_t i = 0; i < count; ++i) {
      const double expected = static_cast<double>(x[i]) * factor * static_cast<double>(gain[i]);
      ASSERT_NEAR(y[i], expected, 1e-6 * std::abs(expected) + 1e-12);
    }
  }
}

TEST_P(KernelsTest, RotateHalfMatchesDouble) {
  for (const std::size_t half : {1U, 8U, 16U, 20U, 64U}) {
    const Guarded<float> x = random_floats(2 * half);
    Guarded<float> cosine(half);
    Guarded<float> sine(half);
    for (std::size_t i = 0; i < half; ++i) {
      cosine[i] = std::cos(static_cast<float>(i) * 0.7F);
      sine[i] = std::sin(static_cast<float>(i) * 0.7F);
    }
    Guarded<float> y = x;
    Guarded<float> other = x;
    table().rotate_half(y.data(), cosine.data(), sine.data(), half);
    meaning().rotate_half(other.data(), cosine.data(), sine.data(), half);
    expect_same_bytes(y, other);
    for (std::size_t i = 0; i < half; ++i) {
      const double c = cosine[i];
      const double s = sine[i];
      ASSERT_NEAR(y[i], x[i] * c - x[i + half] * s, 1e-6);
      ASSERT_NEAR(y[i + half], x[i + half] * c + x[i] * s, 1e-6);
    }
  }
}

TEST_P(KernelsTest, SiluMultiplyIsAccurateOverTheWholeRange) {
  Guarded<float> gate = random_floats(2000, 20.0F);
  for (const float special :
       {0.0F, -0.0F, 87.0F, -87.0F, 88.0F, -88.0F, 89.0F, -89.0F, -1e30F, 1e30F, -INFINITY}) {
    gate.push_back(special);
  }
  gate.shrink_to_fit();
  const Guarded<float> up = random_floats(gate.size());
  Guarded<float> y(gate.size());
  Guarded<float> other(gate.size());
  table().silu_multiply(gate.data(), up.data(), gate.size(), y.data());
  meaning().silu_multiply(gate.data(), up.data(), gate.size(), other.data());
  for (std::size_t i = 0; i + 1 < gate.size(); ++i) {
    const double g = gate[i];
    const double expected = g / (1.0 + std::exp(-g)) * static_cast<double>(up[i]);
    ASSERT_NEAR(y[i], expected, 1e-6 * std::abs(expected) + 1e-6) << g;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(y[i]), std::bit_cast<std::uint32_t>(other[i])) << g;
  }
  float poisoned = std::numeric_limits<float>::quiet_NaN();
  const float one = 1.0F;
  table().silu_multiply(&poisoned, &one, 1, &poisoned);
  EXPECT_TRUE(std::isnan(poisoned));
}

TEST_P(KernelsTest, GeluMultiplyIsAccurateOverTheWholeRange) {
  Guarded<float> gate = random_floats(2000, 4.0F);
  for (const float special : {0.0F, -0.0F, 10.0F, -10.0F, 88.0F, -88.0F, -1e12F, 1e30F, INFINITY}) {
    gate.push_back(special);
  }
  gate.shrink_to_fit();
  const Guarded<float> up = random_floats(gate.size());
  Guarded<float> y(gate.size());
  Guarded<float> other(gate.size());
  table().gelu_multiply(gate.data(), up.data(), gate.size(), y.data());
  meaning().gelu_multiply(gate.data(), up.data(), gate.size(), other.data());
  for (std::size_t i = 0; i + 1 < gate.size(); ++i) {
    const double g = gate[i];
    const double inner = std::sqrt(2.0 / std::numbers::pi) * (g + 0.044715 * g * g * g);
    const double expected = 0.5 * g * (1.0 + std::tanh(inner)) * static_cast<double>(up[i]);
    ASSERT_NEAR(y[i], expected, 1e-6 * std::abs(expected) + 1e-6) << g;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(y[i]), std::bit_cast<std::uint32_t>(other[i])) << g;
  }
  EXPECT_TRUE(std::isinf(y.back()));
  float poisoned = std::numeric_limits<float>::quiet_NaN();
  const float one = 1.0F;
  table().gelu_multiply(&poisoned, &one, 1, &poisoned);
  EXPECT_TRUE(std::isnan(poisoned));
}

TEST_P(KernelsTest, AddAndScale) {
  for (const std::size_t count : {1U, 16U, 37U}) {
    const Guarded<float> a = random_floats(count);
    const Guarded<float> b = random_floats(count);
    Guarded<float> sum = a;
    table().add(sum.data(), b.data(), count);
    Guarded<float> scaled = a;
    table().scale(scaled.data(), 0.3F, count);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(sum[i], a[i] + b[i]);
      ASSERT_EQ(scaled[i], a[i] * 0.3F);
    }
  }
}

TEST_P(KernelsTest, GathersRowsAndTheirTranspose) {
  for (const std::size_t dim : {2U, 16U, 30U, 64U, 80U, 128U}) {
    for (const std::size_t count : {1U, 15U, 16U, 33U, 64U}) {
      const Guarded<std::uint16_t> cache = random_bf16(count * dim);
      std::vector<const std::uint16_t*> rows;
      rows.reserve(count);
      for (std::size_t j = 0; j < count; ++j) rows.push_back(cache.data() + (count - 1 - j) * dim);
      const std::size_t padded = (dim + 15) / 16 * 16;
      Guarded<float> straight(64 * padded, 9.0F);
      Guarded<float> transposed(dim * 64, 9.0F);
      table().gather_rows(rows.data(), count, dim, straight.data(), padded);
      table().gather_transposed(rows.data(), count, dim, transposed.data());
      for (std::size_t j = 0; j < count; ++j) {
        for (std::size_t d = 0; d < dim; ++d) {
          ASSERT_EQ(straight[j * padded + d], bf16_to_f32(rows[j][d]));
          ASSERT_EQ(transposed[d * 64 + j], bf16_to_f32(rows[j][d]));
        }
        for (std::size_t d = dim; d < padded; ++d) ASSERT_EQ(straight[j * padded + d], 0.0F);
      }
      for (std::size_t j = count; j < (count + 15) / 16 * 16; ++j) {
        for (std::size_t d = 0; d < dim; ++d) ASSERT_EQ(transposed[d * 64 + j], 0.0F);
      }
    }
  }
}

TEST_P(KernelsTest, MultiplyTileContinuesItsSums) {
  constexpr std::size_t kDepth = 37;
  constexpr std::size_t kStride = 96;
  for (const std::size_t columns : {16U, 48U, 64U, 80U}) {
    for (const std::size_t rows : {1U, 2U, 5U, 6U, 7U, 13U}) {
      const Guarded<float> tile = random_floats(kDepth * kStride);
      const Guarded<float> x = random_floats(rows * kDepth);
      Guarded<float> whole(rows * columns, 5.0F);
      table().multiply_tile(tile.data(), kStride, columns, kDepth, {x.data(), kDepth, rows}, whole.data(),
                            columns, true);
      Guarded<float> parts(rows * columns, 5.0F);
      meaning().multiply_tile(tile.data(), kStride, columns, 20, {x.data(), kDepth, rows}, parts.data(),
                              columns, true);
      table().multiply_tile(tile.data() + 20 * kStride, kStride, columns, kDepth - 20,
                            {x.data() + 20, kDepth, rows}, parts.data(), columns, false);
      expect_same_bytes(whole, parts);
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < columns; ++c) {
          double expected = 0;
          for (std::size_t k = 0; k < kDepth; ++k) {
            expected += static_cast<double>(x[r * kDepth + k]) * static_cast<double>(tile[k * kStride + c]);
          }
          ASSERT_NEAR(whole[r * columns + c], expected, 1e-4);
        }
      }
    }
  }
}

TEST_P(KernelsTest, SoftmaxWeightsHideColumnsExactly) {
  for (const std::size_t count : {1U, 16U, 50U, 333U}) {
    const std::size_t padded = (count + 15) / 16 * 16;
    Guarded<float> scores = random_floats(padded, 10.0F);
    Guarded<float> mask(padded, -INFINITY);
    for (std::size_t j = 0; j < count; ++j) {
      if (j == 0 || random_() % 3 != 0) mask[j] = j % 5 == 0 ? -2.5F : 0.0F;
    }
    Guarded<float> y = scores;
    Guarded<float> other = scores;
    table().softmax_weights(y.data(), mask.data(), count);
    meaning().softmax_weights(other.data(), mask.data(), count);
    expect_same_bytes(y, other);
    double top = -1e300;
    for (std::size_t j = 0; j < count; ++j) top = std::max(top, static_cast<double>(scores[j] + mask[j]));
    for (std::size_t j = 0; j < count; ++j) {
      if (std::isinf(mask[j])) {
        ASSERT_EQ(y[j], 0.0F);
      } else {
        const double expected = std::exp(static_cast<double>(scores[j]) + static_cast<double>(mask[j]) - top);
        ASSERT_NEAR(y[j], expected, 4e-6 * expected + 1e-37);
      }
    }
  }
  Guarded<float> scores = random_floats(32);
  const Guarded<float> hidden(32, -INFINITY);
  table().softmax_weights(scores.data(), hidden.data(), 20);
  for (const float weight : scores) EXPECT_EQ(weight, 0.0F);
}

TEST_P(KernelsTest, SumRowsAddsInOrderWhateverTheRowCount) {
  constexpr std::size_t kStride = 150;
  for (const std::size_t rows : {1U, 2U, 8U, 19U}) {
    for (const std::size_t count : {0U, 1U, 149U}) {
      const Guarded<float> x = random_floats(rows * kStride);
      Guarded<float> sums(rows, 4.0F);
      table().sum_rows({x.data(), kStride, rows}, count, sums.data());
      for (std::size_t r = 0; r < rows; ++r) {
        float expected = 0;
        for (std::size_t j = 0; j < count; ++j) expected += x[r * kStride + j];
        ASSERT_EQ(sums[r], expected);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, KernelsTest, ::testing::ValuesIn(available_kernels()),
                         [](const auto& isa) { return std::string(isa.param->name); });

TEST(DispatchTest, ListsTheFastestFirstAndScalarLast) {
  ASSERT_FALSE(available_kernels().empty());
  EXPECT_STREQ(available_kernels().back()->name, "scalar");
  EXPECT_EQ(find_kernels("none"), nullptr);
  EXPECT_EQ(find_kernels("scalar"), scalar_kernels());
}

}  // namespace
}  // namespace axllama::softcard
