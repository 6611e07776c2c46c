#include "softcard/graph/weight_store.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace axllama::softcard {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kCopyPiece = std::size_t{1} << 20U;

std::size_t align_up(std::size_t bytes) noexcept {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// Copies with all threads: where the source is a mapped file, they also read it in parallel.
void copy(std::span<const std::byte> source, std::byte* target, ThreadPool& pool) {
  pool.for_each((source.size() + kCopyPiece - 1) / kCopyPiece, [&](std::size_t piece, std::size_t) {
    const auto part =
        source.subspan(piece * kCopyPiece, std::min(kCopyPiece, source.size() - piece * kCopyPiece));
    std::memcpy(target + piece * kCopyPiece, part.data(), part.size());
  });
}

void pack(const ProjectionTensor& tensor, std::byte* target, ThreadPool& pool) {
  const PackedLayout& layout = tensor.layout;
  const std::size_t row_bytes = tensor.data.size() / layout.rows;
  pool.for_each(layout.blocks(), [&](std::size_t block, std::size_t) {
    const std::size_t first = block * kBlockRows;
    const std::size_t rows = std::min(kBlockRows, layout.rows - first);
    const auto values = tensor.data.subspan(first * row_bytes, rows * row_bytes);
    BlockSource source;
    source.values.assign(values.begin(), values.end());
    pack_block(layout, source, rows, {target + block * layout.block_bytes(), layout.block_bytes()});
  });
}

}  // namespace

bool integer_arithmetic() {
  const char* text = std::getenv("AXLLAMA_SOFTCARD_ARITHMETIC");
  return text == nullptr || std::string_view(text) != "float";
}

WeightStore::WeightStore(const std::vector<ProjectionTensor>& tensors, ThreadPool& pool) {
  std::size_t total = 0;
  for (const ProjectionTensor& tensor : tensors) {
    total += align_up(tensor.layout.bytes());
    tensor_bytes_ += tensor.layout.bytes();
    parameters_ += static_cast<std::uint64_t>(tensor.layout.rows) * tensor.layout.columns;
  }
  memory_ = HugeBuffer(total);
  projections_.reserve(tensors.size());
  std::byte* next = memory_.data();
  for (const ProjectionTensor& tensor : tensors) {
    const PackedLayout& layout = tensor.layout;
    if (tensor.packed) {
      copy(tensor.data, next, pool);
    } else {
      pack(tensor, next, pool);
    }
    const bool integer = !layout.kind.is_float() && integer_arithmetic();
    projections_.push_back({layout, layout.view(next), integer});
    next += align_up(layout.bytes());
  }
}

}  // namespace axllama::softcard
