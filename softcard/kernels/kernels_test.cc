#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bfloat16.h"
#include "softcard/kernels/dispatch.h"
#include "softcard/kernels/packed_matrix.h"

namespace axllama::softcard {
namespace {

using base::bf16_to_f32;
using base::f32_to_bf16;

/// Every case runs on every instruction set of this machine and compares the bytes with the scalar kernels.
class KernelsTest : public ::testing::TestWithParam<const KernelTable*> {
 protected:
  const KernelTable& table() const { return *GetParam(); }
  const KernelTable& meaning() const { return *scalar_kernels(); }

  std::vector<float> random_floats(std::size_t count, float spread = 1.0F) {
    std::normal_distribution<float> normal(0.0F, spread);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random_);
    return values;
  }
  std::vector<std::uint16_t> random_bf16(std::size_t count) {
    std::vector<std::uint16_t> values;
    values.reserve(count);
    for (const float value : random_floats(count)) values.push_back(f32_to_bf16(value));
    return values;
  }

  std::mt19937 random_{20261123};
};

void expect_same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(a[i]), std::bit_cast<std::uint32_t>(b[i]))
        << "at " << i << ": " << a[i] << " and " << b[i];
  }
}

struct Matrix {
  PackedLayout layout;
  std::vector<double> values;  // [rows, columns]
  std::vector<std::byte> packed;
  std::vector<float> scales;
  WeightView view() const {
    return {layout.format, reinterpret_cast<const std::uint8_t*>(packed.data()), layout.steps(),
            scales.empty() ? nullptr : scales.data()};
  }
};

Matrix random_matrix(WeightFormat format, std::size_t rows, std::size_t columns, std::mt19937& random) {
  Matrix matrix;
  matrix.layout = {format, rows, columns};
  matrix.values.resize(rows * columns);
  std::vector<std::byte> source;
  if (format == WeightFormat::kBf16) {
    std::normal_distribution<float> normal;
    std::vector<std::uint16_t> bits(rows * columns);
    for (std::size_t i = 0; i < bits.size(); ++i) {
      bits[i] = f32_to_bf16(normal(random));
      matrix.values[i] = bf16_to_f32(bits[i]);
    }
    source.resize(bits.size() * 2);
    std::memcpy(source.data(), bits.data(), source.size());
  } else {
    matrix.scales.resize(matrix.layout.blocks() * kBlockRows);
    for (std::size_t row = 0; row < rows; ++row)
      matrix.scales[row] = 0.001F * static_cast<float>(row % 17 + 1);
    source.resize(rows * columns);
    for (std::size_t i = 0; i < source.size(); ++i) {
      const auto q = static_cast<std::int8_t>(static_cast<int>(random() % 256) - 128);
      source[i] = static_cast<std::byte>(q);
      matrix.values[i] = static_cast<double>(q) * static_cast<double>(matrix.scales[i / columns]);
    }
  }
  matrix.packed.resize(matrix.layout.bytes());
  for (std::size_t block = 0; block < matrix.layout.blocks(); ++block) {
    pack_block(matrix.layout, source, block, matrix.packed.data());
  }
  return matrix;
}

std::vector<float> project(const KernelTable& table, const Matrix& matrix, const ActivationView& x) {
  const std::size_t stride = matrix.layout.blocks() * kBlockRows;
  std::vector<float> y(x.rows * stride, -1.0F);
  for (std::size_t block = 0; block < matrix.layout.blocks(); ++block) {
    table.project_block(matrix.view(), block, x, y.data() + block * kBlockRows, stride);
  }
  return y;
}

TEST_P(KernelsTest, ProjectionMatchesNaiveSumsAndEveryRowCount) {
  for (const WeightFormat format : {WeightFormat::kBf16, WeightFormat::kS8}) {
    for (const std::size_t rows : {1U, 5U, 64U, 100U, 130U}) {
      for (const std::size_t columns : {1U, 2U, 3U, 7U, 64U, 129U, 300U}) {
        const Matrix matrix = random_matrix(format, rows, columns, random_);
        const std::size_t stride = (columns + 3) / 4 * 4 + 4;
        constexpr std::size_t kMost = 15;
        std::vector<float> x(kMost * stride, 0.0F);
        for (std::size_t r = 0; r < kMost; ++r) {
          const std::vector<float> values = random_floats(columns);
          std::copy(values.begin(), values.end(), x.begin() + static_cast<std::ptrdiff_t>(r * stride));
        }
        const std::vector<float> all = project(table(), matrix, {x.data(), stride, kMost});
        const std::size_t y_stride = matrix.layout.blocks() * kBlockRows;
        for (std::size_t r = 0; r < kMost; ++r) {
          for (std::size_t row = 0; row < rows; ++row) {
            double expected = 0;
            double magnitude = 0;
            for (std::size_t k = 0; k < columns; ++k) {
              const double product =
                  matrix.values[row * columns + k] * static_cast<double>(x[r * stride + k]);
              expected += product;
              magnitude += std::abs(product);
            }
            ASSERT_NEAR(all[r * y_stride + row], expected, 1e-5 * magnitude + 1e-30);
          }
          for (std::size_t row = rows; row < y_stride; ++row) ASSERT_EQ(all[r * y_stride + row], 0.0F);
        }
        expect_same_bytes(all, project(meaning(), matrix, {x.data(), stride, kMost}));
        // One row alone, and any group of rows, give the bytes they give in the whole chunk.
        for (std::size_t count = 1; count < kMost; ++count) {
          const std::size_t first = kMost - count;
          const std::vector<float> part =
              project(table(), matrix, {x.data() + first * stride, stride, count});
          expect_same_bytes(part, {all.begin() + static_cast<std::ptrdiff_t>(first * y_stride), all.end()});
        }
      }
    }
  }
}

TEST_P(KernelsTest, Bf16ConversionsMatchTheScalarOnesOnEverySpecialValue) {
  std::vector<float> values = random_floats(1003, 100.0F);
  for (const float special : {0.0F, -0.0F, INFINITY, -INFINITY, std::numeric_limits<float>::quiet_NaN(),
                              1e-40F, std::numeric_limits<float>::max(), std::bit_cast<float>(0x3F808000U),
                              std::bit_cast<float>(0x3F818000U), std::bit_cast<float>(0x7F800001U),
                              std::bit_cast<float>(0xFFFFFFFFU)}) {
    values.push_back(special);
  }
  std::vector<std::uint16_t> bits(values.size());
  table().f32_to_bf16(values.data(), values.size(), bits.data());
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(bits[i], f32_to_bf16(values[i])) << values[i];
  std::vector<float> back(values.size());
  table().bf16_to_f32(bits.data(), bits.size(), back.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(back[i]), std::uint32_t{bits[i]} << 16U);
  }
}

TEST_P(KernelsTest, RmsNormMatchesDouble) {
  for (const std::size_t count : {1U, 15U, 16U, 31U, 64U, 1000U}) {
    const std::vector<float> x = random_floats(count, 3.0F);
    const std::vector<float> gain = random_floats(count);
    std::vector<float> y(count);
    std::vector<float> other(count);
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
    const std::vector<float> x = random_floats(2 * half);
    std::vector<float> cosine(half);
    std::vector<float> sine(half);
    for (std::size_t i = 0; i < half; ++i) {
      cosine[i] = std::cos(static_cast<float>(i) * 0.7F);
      sine[i] = std::sin(static_cast<float>(i) * 0.7F);
    }
    std::vector<float> y = x;
    std::vector<float> other = x;
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
  std::vector<float> gate = random_floats(2000, 20.0F);
  for (const float special :
       {0.0F, -0.0F, 87.0F, -87.0F, 88.0F, -88.0F, 89.0F, -89.0F, -1e30F, 1e30F, -INFINITY}) {
    gate.push_back(special);
  }
  const std::vector<float> up = random_floats(gate.size());
  std::vector<float> y(gate.size());
  std::vector<float> other(gate.size());
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

TEST_P(KernelsTest, AddAndScale) {
  for (const std::size_t count : {1U, 16U, 37U}) {
    const std::vector<float> a = random_floats(count);
    const std::vector<float> b = random_floats(count);
    std::vector<float> sum = a;
    table().add(sum.data(), b.data(), count);
    std::vector<float> scaled = a;
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
      const std::vector<std::uint16_t> cache = random_bf16(count * dim);
      std::vector<const std::uint16_t*> rows;
      rows.reserve(count);
      for (std::size_t j = 0; j < count; ++j) rows.push_back(cache.data() + (count - 1 - j) * dim);
      const std::size_t padded = (dim + 15) / 16 * 16;
      std::vector<float> straight(64 * padded, 9.0F);
      std::vector<float> transposed(dim * 64, 9.0F);
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
      const std::vector<float> tile = random_floats(kDepth * kStride);
      const std::vector<float> x = random_floats(rows * kDepth);
      std::vector<float> whole(rows * columns, 5.0F);
      table().multiply_tile(tile.data(), kStride, columns, kDepth, {x.data(), kDepth, rows}, whole.data(),
                            columns, true);
      std::vector<float> parts(rows * columns, 5.0F);
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
    std::vector<float> scores = random_floats(padded, 10.0F);
    std::vector<float> mask(padded, -INFINITY);
    for (std::size_t j = 0; j < count; ++j) {
      if (j == 0 || random_() % 3 != 0) mask[j] = j % 5 == 0 ? -2.5F : 0.0F;
    }
    std::vector<float> y = scores;
    std::vector<float> other = scores;
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
  std::vector<float> scores = random_floats(32);
  const std::vector<float> hidden(32, -INFINITY);
  table().softmax_weights(scores.data(), hidden.data(), 20);
  for (const float weight : scores) EXPECT_EQ(weight, 0.0F);
}

TEST_P(KernelsTest, SumRowsAddsInOrderWhateverTheRowCount) {
  constexpr std::size_t kStride = 150;
  for (const std::size_t rows : {1U, 2U, 8U, 19U}) {
    for (const std::size_t count : {0U, 1U, 149U}) {
      const std::vector<float> x = random_floats(rows * kStride);
      std::vector<float> sums(rows, 4.0F);
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
