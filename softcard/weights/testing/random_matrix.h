#pragma once

// Random packed matrices of every kind, for tests and benchmarks.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "softcard/weights/packed_matrix.h"
#include "softcard/weights/testing/weight_at.h"

namespace axllama::softcard::testing {

/// The bits of an f16 number, mantissa bits beyond f16's cut off.
inline std::uint16_t f16_bits(float value) {
  if (std::abs(value) < 0x1p-14F) {
    return static_cast<std::uint16_t>((value < 0 ? 0x8000 : 0) | static_cast<int>(std::abs(value) * 0x1p24F));
  }
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t exponent = (bits >> 23U & 0xFFU) - 112U;
  return static_cast<std::uint16_t>((bits >> 16U & 0x8000U) | exponent << 10U | (bits >> 13U & 0x3FFU));
}

struct RandomMatrix {
  PackedLayout layout;
  std::vector<std::byte> packed;

  double at(std::size_t row, std::size_t column) const {
    return weight_at(layout, packed.data(), row, column);
  }
};

/// Fills a block's source with weights whose deviation is near `spread`.
inline BlockSource random_block(const WeightKind& kind, std::size_t rows, std::size_t columns, float spread,
                                std::mt19937& random) {
  BlockSource source;
  std::normal_distribution<float> normal(0.0F, spread);
  const auto add = [&](const auto& value) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    source.values.insert(source.values.end(), bytes, bytes + sizeof(value));
  };
  const int levels = kind.format == WeightFormat::kS8   ? 256
                     : kind.format == WeightFormat::kU4 ? 16
                     : kind.format == WeightFormat::kU5 ? 32
                                                        : 64;
  for (std::size_t i = 0; i < rows * columns; ++i) {
    if (kind.format == WeightFormat::kF32) {
      add(normal(random));
    } else if (kind.format == WeightFormat::kF16) {
      add(f16_bits(normal(random)));
    } else if (kind.format == WeightFormat::kBf16) {
      add(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(normal(random)) >> 16U));
    } else {
      source.values.push_back(static_cast<std::byte>(random() % static_cast<unsigned>(levels)));
    }
  }
  if (kind.is_float()) return source;
  const float unit = spread * std::sqrt(12.0F) / static_cast<float>(levels);
  const float half_range = static_cast<float>(levels) / 2.0F;
  const auto around_one = [&] { return 0.4F + 0.2F * static_cast<float>(random() % 7); };
  if (kind.scales == ScaleForm::kRow) {
    for (std::size_t row = 0; row < rows; ++row) source.row_scales.push_back(unit * around_one());
    return source;
  }
  const std::size_t factors = kind.factor_group() == 0 ? 0 : columns / kind.factor_group();
  const float factor_size = factors == 0 ? 1.0F : 40.0F;
  for (std::size_t i = 0; i < rows * ((columns + kind.group - 1) / kind.group); ++i) {
    const float scale = unit * around_one() / factor_size;
    source.scales.push_back(f16_bits(scale));
    if (kind.scales == ScaleForm::kGroupMinimum) source.minimums.push_back(f16_bits(-scale * half_range));
    if (kind.scales == ScaleForm::kSuperMinimum) source.minimums.push_back(f16_bits(scale * half_range));
  }
  for (std::size_t i = 0; i < rows * factors; ++i) {
    const auto factor = static_cast<std::uint8_t>(24 + random() % 40);
    const bool negative = kind.scales == ScaleForm::kSuperHalves && random() % 2 == 0;
    source.factors.push_back(negative ? static_cast<std::uint8_t>(-factor) : factor);
    if (kind.has_minimum()) source.minimum_factors.push_back(static_cast<std::uint8_t>(factor - 3));
  }
  return source;
}

inline RandomMatrix random_matrix(const WeightKind& kind, std::size_t rows, std::size_t columns, float spread,
                                  std::mt19937& random) {
  RandomMatrix matrix{{kind, rows, columns}, {}};
  const std::size_t block_bytes = matrix.layout.block_bytes();
  matrix.packed.resize(matrix.layout.bytes());
  for (std::size_t block = 0; block < matrix.layout.blocks(); ++block) {
    const std::size_t count = std::min(kBlockRows, rows - block * kBlockRows);
    pack_block(matrix.layout, random_block(kind, count, columns, spread, random), count,
               {matrix.packed.data() + block * block_bytes, block_bytes});
  }
  return matrix;
}

}  // namespace axllama::softcard::testing
