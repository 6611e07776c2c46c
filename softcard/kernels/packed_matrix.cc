#include "softcard/kernels/packed_matrix.h"

#include <algorithm>
#include <cstring>

namespace axllama::softcard {
namespace {

constexpr std::size_t kWord = 4;
constexpr std::size_t kHalf = 2;

/// s4 columns 0..7 lie in ascending nibbles of `pairs`; packed byte j holds columns j and j + 4.
std::uint32_t regroup_s4(std::uint32_t pairs) noexcept {
  const auto spread = [](std::uint32_t half) {
    const std::uint32_t bytes = (half | half << 8U) & 0x00FF00FFU;
    return (bytes | bytes << 4U) & 0x0F0F0F0FU;
  };
  return spread(pairs & 0xFFFFU) | spread(pairs >> 16U) << 4U;
}

/// Packs `words` neighbouring words of one row, a step apart; weights beyond the row's bytes are zero.
void pack_words(std::span<const std::byte> row, std::size_t words, WeightFormat format, std::byte* out) {
  const bool s4 = format == WeightFormat::kS4;
  const std::uint32_t filler = s4 ? 0x88888888U : 0U;
  for (std::size_t i = 0; i < words; ++i, out += kStepBytes) {
    std::uint32_t word = filler;
    const std::size_t offset = i * kWord;
    if (offset < row.size()) std::memcpy(&word, row.data() + offset, std::min(kWord, row.size() - offset));
    if (s4) word = regroup_s4(word);
    std::memcpy(out, &word, kWord);
  }
}

void pack_halves(std::span<const std::byte> halves, const MatrixSource& source, std::size_t first_row,
                 std::size_t record, std::byte* out) {
  const std::size_t per_row = source.columns / source.scale_group;
  for (std::size_t row = 0; row < kBlockRows; ++row) {
    if (first_row + row >= source.rows || record >= per_row) continue;
    std::memcpy(out + row * kHalf, halves.data() + ((first_row + row) * per_row + record) * kHalf, kHalf);
  }
}

}  // namespace

std::size_t PackedLayout::step_depth() const noexcept {
  switch (format) {
    case WeightFormat::kBf16:
      return 2;
    case WeightFormat::kS8:
      return 4;
    case WeightFormat::kS4:
      return 8;
  }
  return 1;
}

std::size_t PackedLayout::padded_columns() const noexcept {
  return (columns + kGroupDepth - 1) / kGroupDepth * kGroupDepth;
}

WeightView PackedLayout::view(const std::byte* packed, const float* row_scales) const noexcept {
  WeightView view;
  view.format = format;
  view.has_minimum = has_minimum;
  view.blocks = reinterpret_cast<const std::uint8_t*>(packed);
  view.row_scales = row_scales;
  const std::size_t record_depth = scale_group == 0 ? kGroupDepth : scale_group;
  view.has_record_scales = scale_group != 0;
  view.records = (columns + record_depth - 1) / record_depth;
  view.record_steps = record_depth / step_depth();
  view.record_groups = record_depth / kGroupDepth;
  view.record_header_bytes = kBlockRows * kHalf * ((scale_group != 0 ? 1U : 0U) + (has_minimum ? 1U : 0U));
  view.record_bytes = view.record_header_bytes + view.record_steps * kStepBytes;
  view.block_bytes = view.records * view.record_bytes;
  return view;
}

void pack_block(const MatrixSource& source, std::size_t block, std::byte* packed) {
  const PackedLayout layout = PackedLayout::of(source);
  const WeightView measure = layout.view(nullptr, nullptr);
  const std::size_t row_bytes = source.columns * kWord / layout.step_depth();
  const std::size_t first_row = block * kBlockRows;
  std::byte* record_out = packed + block * measure.block_bytes;
  for (std::size_t record = 0; record < measure.records; ++record, record_out += measure.record_bytes) {
    std::byte* steps_out = record_out;
    if (source.scale_group != 0) {
      pack_halves(source.scales, source, first_row, record, steps_out);
      steps_out += kBlockRows * kHalf;
      if (layout.has_minimum) {
        pack_halves(source.minimums, source, first_row, record, steps_out);
        steps_out += kBlockRows * kHalf;
      }
    }
    const std::size_t record_row_bytes = measure.record_steps * kWord;
    for (std::size_t row = 0; row < kBlockRows; ++row) {
      const std::size_t begin = std::min(row_bytes, record * record_row_bytes);
      const std::size_t end = std::min(row_bytes, begin + record_row_bytes);
      const bool real = first_row + row < source.rows;
      const std::size_t offset = real ? (first_row + row) * row_bytes + begin : 0;
      pack_words(source.data.subspan(offset, real ? end - begin : 0), measure.record_steps, source.format,
                 steps_out + row * kWord);
    }
  }
}

}  // namespace axllama::softcard
