#include "softcard/graph/activations.h"

#include <algorithm>

namespace axllama::softcard {
namespace {

bool is_integer(const Projection* projection) noexcept {
  return projection->integer;
}

}  // namespace

Activations::Activations(const KernelTable& kernels, Workspace& workspace, Workspace::Shared which,
                         std::size_t rows, std::size_t columns,
                         std::initializer_list<const Projection*> users)
    : kernels_(&kernels),
      rows_(rows),
      columns_(columns),
      groups_((columns + kGroupDepth - 1) / kGroupDepth),
      floats_(workspace.rows(which, rows, columns)),
      quantised_(std::any_of(users.begin(), users.end(), is_integer)),
      integers_only_(std::all_of(users.begin(), users.end(), is_integer)) {
  if (!quantised_) return;
  constexpr std::size_t kSkew = 64;  // bytes, against rows that meet in the same cache sets
  const std::size_t value_stride = groups_ * kGroupDepth + kSkew;
  const std::size_t scale_stride = (groups_ + kScaleGroups - 1) / kScaleGroups;
  const std::size_t floats_of_values = value_stride / sizeof(float);
  float* memory = workspace.quantised[which].reserve(rows * (floats_of_values + scale_stride + 3 * groups_));
  values_ = reinterpret_cast<std::int8_t*>(memory);
  scales_ = memory + rows * floats_of_values;
  group_sums_ = reinterpret_cast<std::int32_t*>(scales_ + rows * scale_stride);
  half_sums_ = group_sums_ + rows * groups_;
  integers_ = {values_, scales_, group_sums_, half_sums_, value_stride, scale_stride, groups_, rows};
}

QuantisedRow Activations::integers_at(std::size_t index, std::size_t group) const noexcept {
  const std::size_t sum = index * groups_ + group;
  return {values_ + index * integers_.value_stride + group * kGroupDepth,
          scales_ + index * integers_.scale_stride + group / kScaleGroups, group_sums_ + sum,
          half_sums_ + 2 * sum};
}

void Activations::finish_row(std::size_t index, float* x) const {
  std::fill(x + columns_, x + floats_.stride, 0.0F);
  if (quantised_) kernels_->quantise(x, groups_, integers_at(index, 0));
}

void Activations::finish_span(std::size_t index, std::size_t first, float* x) const {
  if (columns_ - first < kScaleDepth) std::fill(x + (columns_ - first), x + kScaleDepth, 0.0F);
  const std::size_t group = first / kGroupDepth;
  kernels_->quantise(x, std::min(kScaleGroups, groups_ - group), integers_at(index, group));
}

void Activations::project(const Projection& projection, std::size_t block, float* y,
                          std::size_t y_stride) const {
  if (projection.integer) {
    kernels_->project_block_integer(projection.view, block, integers_, y, y_stride);
  } else {
    kernels_->project_block(projection.view, block, {floats_.data, floats_.stride, rows_}, y, y_stride);
  }
}

}  // namespace axllama::softcard
