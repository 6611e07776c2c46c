#include "softcard/weights/packed_matrix.h"

#include <algorithm>
#include <cstring>

namespace axllama::softcard {
namespace {

constexpr std::size_t kHalfLine = kBlockRows * sizeof(std::uint16_t);  // one f16 of each row
constexpr std::size_t kSuperColumns = 256;
constexpr std::size_t kNibbleSteps = 4;  // of a group

std::size_t element_bytes(WeightFormat format) noexcept {
  switch (format) {
    case WeightFormat::kF32:
      return 4;
    case WeightFormat::kF16:
    case WeightFormat::kBf16:
      return 2;
    default:
      return 1;
  }
}

std::size_t group_steps(WeightFormat format) noexcept {
  switch (format) {
    case WeightFormat::kU4:
      return kNibbleSteps;
    case WeightFormat::kU5:
      return kNibbleSteps + 1;
    case WeightFormat::kU6:
      return kNibbleSteps + 2;
    default:
      return kGroupDepth * element_bytes(format) / 4;
  }
}

std::size_t header_bytes(ScaleForm form) noexcept {
  switch (form) {
    case ScaleForm::kGroup:
      return kHalfLine;
    case ScaleForm::kGroupMinimum:
      return 2 * kHalfLine;
    case ScaleForm::kSuperMinimum:
      return 2 * kHalfLine + 2 * kSuperColumns / 32 * kBlockRows;
    case ScaleForm::kSuperHalves:
      return kHalfLine + kSuperColumns / 16 * kBlockRows;
    default:
      return 0;
  }
}

/// The words of one row's 32 columns, a step apart: 4 low bits each, then the planes of higher bits.
void pack_bits(const std::uint8_t (&q)[kGroupDepth], WeightFormat format, std::byte* out) {
  std::uint32_t words[kNibbleSteps + 2] = {};
  for (std::size_t column = 0; column < kGroupDepth; ++column) {
    const std::size_t word = column / 4;
    const std::size_t byte = 8 * (column % 4);
    const std::uint32_t value = q[column];
    words[word / 2] |= (value & 15U) << (byte + 4 * (word % 2));
    if (format == WeightFormat::kU5) words[kNibbleSteps] |= (value >> 4U & 1U) << (byte + word);
    if (format == WeightFormat::kU6)
      words[kNibbleSteps + word / 4] |= (value >> 4U & 3U) << (byte + 2 * (word % 4));
  }
  for (std::size_t step = 0; step < group_steps(format); ++step) {
    std::memcpy(out + step * kStepBytes, &words[step], sizeof(words[step]));
  }
}

/// One row's group of 32 columns from `first`.
void pack_group(const PackedLayout& layout, std::span<const std::byte> row, std::size_t first,
                std::byte* out) {
  const std::size_t element = element_bytes(layout.kind.format);
  const std::size_t count = first < layout.columns ? std::min(kGroupDepth, layout.columns - first) : 0;
  if (element == 1 && layout.kind.format != WeightFormat::kS8) {
    std::uint8_t q[kGroupDepth];
    std::fill(std::begin(q), std::end(q), static_cast<std::uint8_t>(layout.kind.zero()));
    if (!row.empty() && count > 0) std::memcpy(q, row.data() + first, count);
    pack_bits(q, layout.kind.format, out);
    return;
  }
  if (row.empty()) return;
  std::size_t left = count * element;
  for (const std::byte* in = row.data() + first * element; left > 0; out += kStepBytes) {
    const std::size_t bytes = std::min<std::size_t>(4, left);
    std::memcpy(out, in, bytes);
    in += bytes;
    left -= bytes;
  }
}

/// Element `index` of each row to neighbours.
template <typename Value>
void pack_line(const std::vector<Value>& values, std::size_t rows, std::size_t index, std::byte* out) {
  const std::size_t per_row = values.size() / rows;
  for (std::size_t row = 0; row < rows; ++row) {
    std::memcpy(out + row * sizeof(Value), &values[row * per_row + index], sizeof(Value));
  }
}

/// The 8-bit factors of record `record`, one line of 64 for each factor group.
std::byte* pack_factors(const PackedLayout& layout, const std::vector<std::uint8_t>& factors,
                        std::size_t rows, std::size_t record, std::byte* out) {
  const std::size_t lines = kSuperColumns / layout.kind.factor_group();
  const std::size_t per_row = factors.size() / rows;
  for (std::size_t line = 0; line < lines; ++line, out += kBlockRows) {
    if (record * lines + line < per_row) pack_line(factors, rows, record * lines + line, out);
  }
  return out;
}

void pack_header(const PackedLayout& layout, const BlockSource& source, std::size_t rows, std::size_t record,
                 std::byte* out) {
  if (layout.kind.group == 0) return;
  pack_line(source.scales, rows, record, out);
  out += kHalfLine;
  if (layout.kind.has_minimum()) {
    pack_line(source.minimums, rows, record, out);
    out += kHalfLine;
  }
  if (layout.kind.factor_group() == 0) return;
  out = pack_factors(layout, source.factors, rows, record, out);
  if (layout.kind.has_minimum()) pack_factors(layout, source.minimum_factors, rows, record, out);
}

}  // namespace

WeightView PackedLayout::view(const std::byte* packed) const noexcept {
  WeightView view;
  view.kind = kind;
  view.blocks = reinterpret_cast<const std::uint8_t*>(packed);
  view.groups = (columns + kGroupDepth - 1) / kGroupDepth;
  view.record_groups = std::max(kind.group, kGroupDepth) / kGroupDepth;
  view.group_bytes = group_steps(kind.format) * kStepBytes;
  view.record_header_bytes = header_bytes(kind.scales);
  view.record_bytes = view.record_header_bytes + view.record_groups * view.group_bytes;
  view.block_header_bytes = kind.scales == ScaleForm::kRow ? kBlockRows * sizeof(float) : 0;
  const std::size_t records = (view.groups + view.record_groups - 1) / view.record_groups;
  view.block_bytes = view.block_header_bytes + records * view.record_bytes;
  return view;
}

void pack_block(const PackedLayout& layout, const BlockSource& source, std::size_t rows,
                std::span<std::byte> block) {
  std::fill(block.begin(), block.end(), std::byte{0});
  const WeightView view = layout.view(nullptr);
  const std::size_t row_bytes = layout.columns * element_bytes(layout.kind.format);
  if (view.block_header_bytes != 0) pack_line(source.row_scales, rows, 0, block.data());
  std::byte* record = block.data() + view.block_header_bytes;
  for (std::size_t group = 0; group < view.groups; group += view.record_groups, record += view.record_bytes) {
    pack_header(layout, source, rows, group / view.record_groups, record);
    for (std::size_t i = 0; i < view.record_groups; ++i) {
      std::byte* out = record + view.record_header_bytes + i * view.group_bytes;
      for (std::size_t row = 0; row < kBlockRows; ++row) {
        const auto values =
            std::span(source.values).subspan(row < rows ? row * row_bytes : 0, row < rows ? row_bytes : 0);
        pack_group(layout, values, (group + i) * kGroupDepth, out + 4 * row);
      }
    }
  }
}

}  // namespace axllama::softcard
