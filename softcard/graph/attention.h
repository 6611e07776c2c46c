#pragma once

#include <cstddef>
#include <cstdint>

#include "softcard/graph/mask_plan.h"
#include "softcard/graph/workspace.h"
#include "softcard/kernels/kernel_table.h"
#include "softcard/kernels/thread_pool.h"

namespace axllama::softcard {

struct AttentionShape {
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;

  std::size_t group() const noexcept { return heads / kv_heads; }
  std::size_t kv_size() const noexcept { return kv_heads * head_dim; }
  /// Rows that share one gathering of K and V, so that it is paid for by about 72 queries.
  std::size_t rows_per_tile() const noexcept;
};

/// K and V as attention reads them: `history` cache rows, then the execution's own rows, all bf16 [kv_size].
/// Column c of the mask is row c of the two together.
struct AttentionCache {
  const std::uint16_t* keys = nullptr;
  const std::uint16_t* values = nullptr;
  std::size_t history = 0;
  const std::uint16_t* own_keys = nullptr;
  const std::uint16_t* own_values = nullptr;

  const std::uint16_t* key(std::size_t column, std::size_t kv_size) const noexcept {
    return column < history ? keys + column * kv_size : own_keys + (column - history) * kv_size;
  }
  const std::uint16_t* value(std::size_t column, std::size_t kv_size) const noexcept {
    return column < history ? values + column * kv_size : own_values + (column - history) * kv_size;
  }
};

/// attended[row] = softmax(query[row] K^T + mask[row]) V for every head; queries come divided by
/// sqrt(head_dim). Scores and sums run over the visible columns in ascending order, whatever else is hidden.
/// `queries` and `attended` are [rows, heads * head_dim], at the same stride, and may be the same rows.
void attend(const KernelTable& kernels, ThreadPool& pool, Workspace& workspace, const AttentionShape& shape,
            const MaskPlan& plan, const AttentionCache& cache, const ActivationRows& queries,
            const ActivationRows& attended);

}  // namespace axllama::softcard
