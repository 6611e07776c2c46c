#include "compiler/quantize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/bfloat16.h"
#include "compiler/float16.h"

namespace axllama::compiler {
namespace {

using softcard::BlockSource;
using softcard::WeightFormat;

constexpr float kLargestS8 = 127.0F;

/// To nearest, ties to even, for sizes below 2^22: adding 1.5 * 2^23 leaves no bits for a fraction.
float round_to_even(float value) noexcept {
  constexpr float kNoFraction = 12582912.0F;
  return (value + kNoFraction) - kNoFraction;
}

template <typename Value>
void append(BlockSource& out, Value value) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  out.values.insert(out.values.end(), bytes, bytes + sizeof(value));
}

float largest_size(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

void append_s8(std::span<const float> values, float scale, BlockSource& out) {
  for (const float value : values) {
    const float rounded = round_to_even(std::clamp(value / scale, -kLargestS8, kLargestS8));
    append(out, static_cast<std::int8_t>(rounded));
  }
}

/// Columns of a group with one f16 scale.
void append_s8_group(std::span<const float> values, BlockSource& out) {
  const std::uint16_t bits = f32_to_f16(largest_size(values) / kLargestS8);
  const float scale = f16_to_f32(bits);
  out.scales.push_back(bits);
  append_s8(values, scale > 0 ? scale : 1.0F, out);
}

float q_of(float value, float inverse) {
  return round_to_even(std::clamp(value * inverse, -8.0F, 7.0F));
}

float squared_error(std::span<const float> values, float scale) {
  const float inverse = 1.0F / scale;
  float sum = 0;
  for (const float value : values) {
    const float error = value - q_of(value, inverse) * scale;
    sum += error * error;
  }
  return sum;
}

void append_s4_group(std::span<const float> values, BlockSource& out) {
  // Shares of the scale that gives the largest value the integer -8; a negative scale does that where the
  // value is positive. The last makes it 7 instead.
  constexpr std::array kShares = {1.0F, 0.95F, 0.9F, 0.85F, 1.06F, -8.0F / 7.0F};
  float extreme = 0;
  for (const float value : values) {
    if (std::abs(value) > std::abs(extreme)) extreme = value;
  }
  std::uint16_t best = 0;
  float least = std::numeric_limits<float>::infinity();
  for (const float share : kShares) {
    const std::uint16_t bits = f32_to_f16(extreme / -8.0F * share);
    const float scale = f16_to_f32(bits);
    if (scale == 0) continue;
    const float error = squared_error(values, scale);
    if (error < least) {
      least = error;
      best = bits;
    }
  }
  out.scales.push_back(best);
  const float scale = f16_to_f32(best);
  const float inverse = scale == 0 ? 0.0F : 1.0F / scale;
  for (const float value : values) append(out, static_cast<std::uint8_t>(q_of(value, inverse) + 8.0F));
}

}  // namespace

void quantize_row(const softcard::WeightKind& kind, std::span<const float> row, BlockSource& out) {
  switch (kind.format) {
    case WeightFormat::kF32:
      for (const float value : row) append(out, value);
      return;
    case WeightFormat::kF16:
      for (const float value : row) append(out, f32_to_f16(value));
      return;
    case WeightFormat::kBf16:
      for (const float value : row) append(out, base::f32_to_bf16(value));
      return;
    default:
      break;
  }
  if (kind.scales == softcard::ScaleForm::kRow) {
    const float largest = largest_size(row);
    out.row_scales.push_back(largest > 0 ? largest / kLargestS8 : 1.0F);
    append_s8(row, out.row_scales.back(), out);
    return;
  }
  for (std::size_t first = 0; first < row.size(); first += kind.group) {
    const auto group = row.subspan(first, std::min(kind.group, row.size() - first));
    if (kind.format == WeightFormat::kS8) {
      append_s8_group(group, out);
    } else {
      append_s4_group(group, out);
    }
  }
}

}  // namespace axllama::compiler
