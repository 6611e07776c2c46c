#pragma once

// What a packed weight means, read bit by bit as packed_matrix.h describes it, for tests.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "softcard/weights/packed_matrix.h"

namespace axllama::softcard::testing {

inline double f16_value(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 0x3FF;
  const double size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
  return (bits & 0x8000) != 0 ? -size : size;
}

template <typename Value>
Value read_at(const std::uint8_t* bytes, std::size_t index) {
  Value value;
  std::memcpy(&value, bytes + index * sizeof(Value), sizeof(Value));
  return value;
}

/// The weight at [row, column] of the packed matrix.
inline double weight_at(const PackedLayout& layout, const std::byte* packed, std::size_t row,
                        std::size_t column) {
  const WeightView view = layout.view(packed);
  const std::uint8_t* block = view.blocks + row / kBlockRows * view.block_bytes;
  const std::size_t lane = row % kBlockRows;
  const std::size_t group = column / kGroupDepth;
  const std::size_t part = group % view.record_groups;
  const std::uint8_t* header =
      block + view.block_header_bytes + group / view.record_groups * view.record_bytes;
  const std::uint8_t* steps = header + view.record_header_bytes + part * view.group_bytes;
  const std::size_t k = column % kGroupDepth;
  const auto word = [&](std::size_t step) { return read_at<std::uint32_t>(steps + step * kStepBytes, lane); };
  const auto half = [&](std::size_t line) {
    return f16_value(read_at<std::uint16_t>(header + line * 128, lane));
  };

  double q = 0;
  switch (view.kind.format) {
    case WeightFormat::kF32:
      return static_cast<double>(std::bit_cast<float>(word(k)));
    case WeightFormat::kF16:
      return f16_value(static_cast<std::uint16_t>(word(k / 2) >> 16 * (k % 2)));
    case WeightFormat::kBf16:
      return static_cast<double>(std::bit_cast<float>(word(k / 2) >> 16 * (k % 2) << 16U));
    case WeightFormat::kS8:
      q = static_cast<std::int8_t>(word(k / 4) >> 8 * (k % 4));
      break;
    default: {
      const std::size_t byte = 8 * (k % 4);
      std::uint32_t bits = word(k / 8) >> (byte + k % 8 / 4 * 4) & 15U;
      if (view.kind.format == WeightFormat::kU5) bits |= (word(4) >> (byte + k / 4) & 1U) << 4U;
      if (view.kind.format == WeightFormat::kU6)
        bits |= (word(4 + k / 16) >> (byte + k % 16 / 4 * 2) & 3U) << 4U;
      q = static_cast<double>(bits) - view.kind.zero();
    }
  }
  switch (view.kind.scales) {
    case ScaleForm::kRow:
      return q * static_cast<double>(read_at<float>(block, lane));
    case ScaleForm::kGroup:
      return q * half(0);
    case ScaleForm::kGroupMinimum:
      return q * half(0) + half(1);
    case ScaleForm::kSuperMinimum:
      return q * half(0) * header[256 + 64 * part + lane] - half(1) * header[256 + 512 + 64 * part + lane];
    default: {
      const std::uint8_t factor = header[128 + 64 * (2 * part + k / 16) + lane];
      return q * half(0) * static_cast<std::int8_t>(factor);
    }
  }
}

}  // namespace axllama::softcard::testing
