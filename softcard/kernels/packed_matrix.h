#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "softcard/kernels/kernel_table.h"

namespace axllama::softcard {

/// Size of a projection [rows, columns] (output rows, input columns) and of its packed form: blocks of 64
/// rows, each one linear stream of steps; a step holds, for each of the 64 rows, the same 4 bytes (2 bf16 or
/// 4 s8 neighbours in k).
struct PackedLayout {
  WeightFormat format = WeightFormat::kBf16;
  std::size_t rows = 0;
  std::size_t columns = 0;

  std::size_t step_depth() const noexcept { return format == WeightFormat::kBf16 ? 2 : 4; }
  std::size_t steps() const noexcept { return (columns + step_depth() - 1) / step_depth(); }
  std::size_t blocks() const noexcept { return (rows + kBlockRows - 1) / kBlockRows; }
  std::size_t bytes() const noexcept { return blocks() * steps() * kStepBytes; }
};

/// Packs one block of a row-major matrix (`source` holds rows * columns elements of the format, any
/// alignment) to `packed`, the start of the whole packed matrix. Blocks may be packed by different threads.
void pack_block(const PackedLayout& layout, std::span<const std::byte> source, std::size_t block,
                std::byte* packed);

}  // namespace axllama::softcard
