#include "softcard/graph/weight_store.h"

#include <cstring>

namespace axllama::softcard {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t align_up(std::size_t bytes) noexcept {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

WeightStore::WeightStore(std::vector<ProjectionTensor> tensors, ThreadPool& pool) {
  std::size_t total = 0;
  for (const ProjectionTensor& tensor : tensors) {
    const PackedLayout layout{tensor.format, tensor.rows, tensor.columns};
    total += align_up(layout.bytes()) + align_up(layout.blocks() * kBlockRows * sizeof(float));
    tensor_bytes_ += tensor.bytes();
    parameters_ += static_cast<std::uint64_t>(tensor.rows) * tensor.columns;
  }
  memory_ = HugeBuffer(total);
  std::byte* next = memory_.data();
  for (const ProjectionTensor& tensor : tensors) {
    Projection projection;
    projection.layout = {tensor.format, tensor.rows, tensor.columns};
    std::byte* packed = next;
    next += align_up(projection.layout.bytes());
    projection.view.format = tensor.format;
    projection.view.blocks = reinterpret_cast<const std::uint8_t*>(packed);
    projection.view.steps = projection.layout.steps();
    if (!tensor.scales.empty()) {
      std::memcpy(next, tensor.scales.data(), tensor.scales.size() * sizeof(float));
      projection.view.row_scales = reinterpret_cast<const float*>(next);
      next += align_up(projection.blocks() * kBlockRows * sizeof(float));
    }
    pool.for_each(projection.blocks(), [&](std::size_t block, std::size_t) {
      pack_block(projection.layout, tensor.data, block, packed);
    });
    projections_.push_back(projection);
  }
}

}  // namespace axllama::softcard
