#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "softcard/graph/mask_plan.h"
#include "softcard/kernels/huge_buffer.h"

namespace axllama::softcard {

/// Grow-only f32 scratch memory. Contents are unspecified after reserve() grows it.
class ScratchBuffer {
 public:
  float* reserve(std::size_t floats) {
    if (buffer_.size() < floats * sizeof(float)) buffer_ = HugeBuffer(floats * sizeof(float));
    return reinterpret_cast<float*>(buffer_.data());
  }

 private:
  HugeBuffer buffer_;
};

/// Rows of f32 activations in scratch memory. The stride is a multiple of 64 floats plus 16, so that columns
/// of many rows do not meet in the same cache sets, and leaves room for kernels that write whole blocks.
struct ActivationRows {
  float* data = nullptr;
  std::size_t stride = 0;

  static std::size_t stride_for(std::size_t columns) noexcept { return (columns + 63) / 64 * 64 + 16; }
  float* row(std::size_t index) const noexcept { return data + index * stride; }
};

/// All scratch memory of one execution: buffers shared by its threads, and one per thread.
struct Workspace {
  enum Shared { kResidual, kNormed, kQuery, kKey, kValue, kActivated, kAdded, kSharedCount };

  ScratchBuffer shared[kSharedCount];
  ScratchBuffer quantised[kSharedCount];  // beside `shared`: the same rows as integers
  std::vector<ScratchBuffer> per_thread;
  MaskPlanCache mask_plans;
  MaskPlanCache window_plans;  // of layers with a window

  /// `rows` rows of `columns`.
  ActivationRows rows(Shared which, std::size_t rows, std::size_t columns) {
    const std::size_t stride = ActivationRows::stride_for(columns);
    return {shared[which].reserve(rows * stride), stride};
  }
};

/// Workspaces shared by all programs of the process: as many exist as executions ran at the same time.
class WorkspaceCache : public std::enable_shared_from_this<WorkspaceCache> {
 public:
  static std::shared_ptr<WorkspaceCache> shared();

  /// A workspace for one execution; it goes back when the pointer is dropped.
  std::shared_ptr<Workspace> borrow();

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace axllama::softcard
