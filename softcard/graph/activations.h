#pragma once

#include <cstddef>
#include <cstdint>

#include "softcard/graph/weight_store.h"
#include "softcard/graph/workspace.h"
#include "softcard/kernels/kernel_table.h"

namespace axllama::softcard {

/// The input of projections: f32 rows, and beside them the same rows quantised when some projection wants
/// integers.
class Activations {
 public:
  /// Rows of `columns` values in the workspace's buffers `which`. `quantised` says whether quantise_row will
  /// be called.
  Activations(const KernelTable& kernels, Workspace& workspace, Workspace::Shared which, std::size_t rows,
              std::size_t columns, bool quantised);

  float* row(std::size_t index) const noexcept { return floats_.row(index); }
  const ActivationRows& floats() const noexcept { return floats_; }

  /// To be called when a row is complete, by any thread: zeroes what lies beyond its columns and quantises
  /// it.
  void finish_row(std::size_t index) const;

  /// y[row][0..63] for one block of the projection.
  void project(const Projection& projection, std::size_t block, float* y, std::size_t y_stride) const;

 private:
  const KernelTable* kernels_;
  std::size_t rows_;
  std::size_t columns_;
  std::size_t groups_;
  ActivationRows floats_;
  bool quantised_;
  QuantisedView integers_;
  std::int8_t* values_ = nullptr;  // where integers_ looks, writable
  float* scales_ = nullptr;
  std::int32_t* group_sums_ = nullptr;
  std::int32_t* half_sums_ = nullptr;
};

}  // namespace axllama::softcard
