#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "softcard/graph/weight_store.h"
#include "softcard/graph/workspace.h"
#include "softcard/kernels/kernel_table.h"

namespace axllama::softcard {

/// The input of projections: f32 rows, and beside them the same rows quantised when some projection wants
/// integers. Rows may be finished by any threads.
class Activations {
 public:
  /// Rows of `columns` values in the workspace's buffers `which`, to be read by `users`.
  Activations(const KernelTable& kernels, Workspace& workspace, Workspace::Shared which, std::size_t rows,
              std::size_t columns, std::initializer_list<const Projection*> users);

  float* row(std::size_t index) const noexcept { return floats_.row(index); }
  const ActivationRows& floats() const noexcept { return floats_; }
  /// No user reads floats: rows may be made elsewhere, such as in memory that stays in a cache.
  bool integers_only() const noexcept { return integers_only_; }

  /// To be called when a row is complete: zeroes what lies beyond its columns and quantises it.
  void finish_row(std::size_t index) const { finish_row(index, floats_.row(index)); }
  /// The same for a row made at `x`, floats().stride values; only for integers_only().
  void finish_row(std::size_t index, float* x) const;
  /// The same for columns first ... first + kScaleDepth - 1 of a row, made at `x`.
  void finish_span(std::size_t index, std::size_t first, float* x) const;

  /// y[row][0..63] for one block of the projection.
  void project(const Projection& projection, std::size_t block, float* y, std::size_t y_stride) const;

 private:
  /// Where group `group` of a row goes.
  QuantisedRow integers_at(std::size_t index, std::size_t group) const noexcept;

  const KernelTable* kernels_;
  std::size_t rows_;
  std::size_t columns_;
  std::size_t groups_;
  ActivationRows floats_;
  bool quantised_;
  bool integers_only_;
  QuantisedView integers_;
  std::int8_t* values_ = nullptr;  // where integers_ looks, writable
  float* scales_ = nullptr;
  std::int32_t* group_sums_ = nullptr;
  std::int32_t* half_sums_ = nullptr;
};

}  // namespace axllama::softcard
