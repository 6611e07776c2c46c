#pragma once

#include <cstdint>
#include <vector>

#include "softcard/graph/program_image.h"
#include "softcard/kernels/huge_buffer.h"
#include "softcard/kernels/thread_pool.h"
#include "softcard/weights/packed_matrix.h"

namespace axllama::softcard {

/// A projection ready to run; the memory belongs to a WeightStore.
struct Projection {
  PackedLayout layout;
  WeightView view;
  bool integer = false;  // multiplied with activations quantised to 8 bits per row and group of 32

  std::size_t blocks() const noexcept { return layout.blocks(); }
};

/// Whether weights of 8 and 4 bits loaded now are multiplied in integers (the default, several times faster)
/// or in f32 (AXLLAMA_SOFTCARD_ARITHMETIC=float). Both give chunk rows equal to decode rows.
bool integer_arithmetic();

/// The packed weights of one program, in one run of huge pages in the order they were given, which is the
/// order of reading.
class WeightStore {
 public:
  WeightStore() = default;
  WeightStore(const std::vector<ProjectionTensor>& tensors, ThreadPool& pool);

  const std::vector<Projection>& projections() const noexcept { return projections_; }
  /// Bytes of the packed tensors: what an execution has to read.
  std::uint64_t tensor_bytes() const noexcept { return tensor_bytes_; }
  std::uint64_t parameters() const noexcept { return parameters_; }

 private:
  HugeBuffer memory_;
  std::vector<Projection> projections_;
  std::uint64_t tensor_bytes_ = 0;
  std::uint64_t parameters_ = 0;
};

}  // namespace axllama::softcard
