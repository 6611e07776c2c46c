#include "softcard/graph/weight_store.h"

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace axllama::softcard {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t align_up(std::size_t bytes) noexcept {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

bool integer_arithmetic() {
  const char* text = std::getenv("AXLLAMA_SOFTCARD_ARITHMETIC");
  return text == nullptr || std::string_view(text) != "float";
}

WeightStore::WeightStore(const std::vector<ProjectionTensor>& tensors, ThreadPool& pool) {
  std::size_t total = 0;
  for (const ProjectionTensor& tensor : tensors) {
    const PackedLayout layout = PackedLayout::of(tensor.source);
    total += align_up(layout.bytes()) + align_up(layout.blocks() * kBlockRows * sizeof(float));
    tensor_bytes_ += tensor.bytes();
    parameters_ += static_cast<std::uint64_t>(layout.rows) * layout.columns;
  }
  memory_ = HugeBuffer(total);
  projections_.reserve(tensors.size());
  std::byte* next = memory_.data();
  for (const ProjectionTensor& tensor : tensors) {
    const PackedLayout layout = PackedLayout::of(tensor.source);
    std::byte* packed = next;
    next += align_up(layout.bytes());
    const float* row_scales = nullptr;
    if (!tensor.row_scales.empty()) {
      std::memcpy(next, tensor.row_scales.data(), tensor.row_scales.size() * sizeof(float));
      row_scales = reinterpret_cast<const float*>(next);
      next += align_up(layout.blocks() * kBlockRows * sizeof(float));
    }
    pool.for_each(layout.blocks(),
                  [&](std::size_t block, std::size_t) { pack_block(tensor.source, block, packed); });
    const bool integer = layout.format != WeightFormat::kBf16 && integer_arithmetic();
    projections_.push_back({layout, layout.view(packed, row_scales), integer});
  }
}

}  // namespace axllama::softcard
