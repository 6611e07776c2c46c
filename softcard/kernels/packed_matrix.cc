#include "softcard/kernels/packed_matrix.h"

#include <algorithm>
#include <cstring>

namespace axllama::softcard {

void pack_block(const PackedLayout& layout, std::span<const std::byte> source, std::size_t block,
                std::byte* packed) {
  constexpr std::size_t kWord = 4;
  const std::size_t row_bytes = layout.columns * kWord / layout.step_depth();
  const std::size_t first_row = block * kBlockRows;
  const std::size_t rows = std::min(kBlockRows, layout.rows - first_row);
  std::byte* out = packed + block * layout.steps() * kStepBytes;
  const std::byte* in = source.data() + first_row * row_bytes;

  // A few steps at a time keep both the 64 source rows and the packed lines in the cache.
  constexpr std::size_t kStepsAtOnce = 16;
  for (std::size_t begin = 0; begin < layout.steps(); begin += kStepsAtOnce) {
    const std::size_t end = std::min(begin + kStepsAtOnce, layout.steps());
    for (std::size_t row = 0; row < kBlockRows; ++row) {
      std::byte* word = out + begin * kStepBytes + row * kWord;
      for (std::size_t step = begin; step < end; ++step, word += kStepBytes) {
        std::byte value[kWord] = {};
        if (row < rows) {
          const std::size_t offset = step * kWord;
          std::memcpy(value, in + row * row_bytes + offset, std::min(kWord, row_bytes - offset));
        }
        std::memcpy(word, value, kWord);
      }
    }
  }
}

}  // namespace axllama::softcard
