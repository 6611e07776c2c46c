#include "softcard/graph/activations.h"

#include <algorithm>

namespace axllama::softcard {

Activations::Activations(const KernelTable& kernels, Workspace& workspace, Workspace::Shared which,
                         std::size_t rows, std::size_t columns, bool quantised)
    : kernels_(&kernels),
      rows_(rows),
      columns_(columns),
      groups_((columns + kGroupDepth - 1) / kGroupDepth),
      floats_(workspace.rows(which, rows, columns)),
      quantised_(quantised) {
  if (!quantised) return;
  constexpr std::size_t kSkew = 16;  // words, against rows that meet in the same cache sets
  word_stride_ = groups_ * kernels.words_per_group + kSkew;
  float* memory = workspace.quantised[which].reserve(rows * (word_stride_ + 3 * groups_));
  words_ = reinterpret_cast<std::int32_t*>(memory);
  scales_ = memory + rows * word_stride_;
  scaled_sums_ = scales_ + rows * groups_;
  sums_ = reinterpret_cast<std::int32_t*>(scaled_sums_ + rows * groups_);
}

void Activations::finish_row(std::size_t index) const {
  float* x = floats_.row(index);
  std::fill(x + columns_, x + floats_.stride, 0.0F);
  if (!quantised_) return;
  kernels_->quantise(x, groups_, words_ + index * word_stride_, scales_ + index * groups_,
                     scaled_sums_ + index * groups_, sums_ + index * groups_);
}

void Activations::project(const Projection& projection, std::size_t block, float* y,
                          std::size_t y_stride) const {
  if (projection.integer) {
    const QuantisedView view{words_, word_stride_, scales_, scaled_sums_, sums_, groups_, rows_};
    kernels_->project_block_integer(projection.view, block, view, y, y_stride);
  } else {
    kernels_->project_block(projection.view, block, {floats_.data, floats_.stride, rows_}, y, y_stride);
  }
}

}  // namespace axllama::softcard
