#include "softcard/graph/attention.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace axllama::softcard {
namespace {

constexpr std::size_t kColumnsPerBlock = 64;
constexpr std::size_t kLanes = 16;
constexpr std::size_t kQueriesPerTile = 72;
constexpr std::size_t kRowsPerStrip = 6;

std::size_t round_up(std::size_t value) noexcept {
  return (value + kLanes - 1) / kLanes * kLanes;
}

/// One key-value head for one tile of rows. A query is a (head of the group, row) pair, heads first.
class HeadTile {
 public:
  HeadTile(const KernelTable& kernels, const AttentionShape& shape, const MaskPlan::Tile& tile,
           const AttentionCache& cache, std::size_t kv_head)
      : kernels_(kernels),
        shape_(shape),
        tile_(tile),
        cache_(cache),
        kv_head_(kv_head),
        queries_(tile.rows * shape.group()),
        padded_dim_(round_up(shape.head_dim)) {}

  static std::size_t scratch_floats(const AttentionShape& shape, const MaskPlan::Tile& tile) noexcept {
    const std::size_t queries = tile.rows * shape.group();
    const std::size_t padded_dim = round_up(shape.head_dim);
    const std::size_t sums = in_place(shape) ? 0 : queries * padded_dim;
    return kColumnsPerBlock * padded_dim + sums + queries * (score_stride(tile) + kLanes);
  }

  void run(float* scratch, const ActivationRows& queries, const ActivationRows& attended) {
    query_rows_ = queries;
    attended_ = attended;
    gathered_ = scratch;
    sums_ = gathered_ + kColumnsPerBlock * padded_dim_;
    weighted_ = sums_ + (in_place(shape_) ? 0 : queries_ * padded_dim_);
    scores_ = weighted_ + queries_ * kLanes;
    compute_scores();
    for_strips([&](const Strip& strip) { weigh(strip); });
    add_values();
    finish();
  }

 private:
  /// Queries at even distances that look no further than at the first `columns` columns.
  struct Strip {
    std::size_t first = 0;
    std::size_t queries = 0;
    std::size_t columns = 0;
    ActivationView x;
    float* sums = nullptr;  // [queries, sum_stride]
    std::size_t sum_stride = 0;
  };

  /// Whether whole vectors of a head's sums end where the head ends, so that they need no place of their own.
  static bool in_place(const AttentionShape& shape) noexcept {
    return shape.head_dim == round_up(shape.head_dim);
  }

  /// The heads of a single row are one strip, else some rows of one head.
  template <typename Work>
  void for_strips(const Work& work) const {
    if (tile_.rows == 1) {
      work(strip(0, 0, shape_.group(), shape_.head_dim, tile_.row_ends.front()));
      return;
    }
    for (std::size_t head = 0; head < shape_.group(); ++head) {
      for (std::size_t row = 0; row < tile_.rows; row += kRowsPerStrip) {
        const std::size_t rows = std::min(kRowsPerStrip, tile_.rows - row);
        const auto ends = std::span(tile_.row_ends).subspan(row, rows);
        work(strip(head, row, rows, query_rows_.stride, *std::max_element(ends.begin(), ends.end())));
      }
    }
  }

  Strip strip(std::size_t head, std::size_t row, std::size_t queries, std::size_t stride,
              std::size_t columns) const {
    Strip result;
    result.first = head * tile_.rows + row;
    result.queries = queries;
    result.columns = columns;
    const std::size_t offset = head_offset(head);
    result.x = {query_rows_.row(tile_.first_row + row) + offset, stride, queries};
    if (in_place(shape_)) {
      result.sums = attended_.row(tile_.first_row + row) + offset;
      result.sum_stride = stride;
    } else {
      result.sums = sums_ + result.first * padded_dim_;
      result.sum_stride = padded_dim_;
    }
    return result;
  }

  static std::size_t score_stride(const MaskPlan::Tile& tile) noexcept {
    return tile.mask_stride + kLanes;  // never a multiple of a large power of two
  }

  std::size_t head_offset(std::size_t index_in_group) const noexcept {
    return (kv_head_ * shape_.group() + index_in_group) * shape_.head_dim;
  }

  float* scores_of(std::size_t query) const { return scores_ + query * score_stride(tile_); }

  template <typename RowOf>
  std::size_t point_at_block(std::size_t first, RowOf row_of) {
    const std::size_t count = std::min(kColumnsPerBlock, tile_.columns.size() - first);
    for (std::size_t j = 0; j < count; ++j) {
      pointers_[j] = row_of(tile_.columns[first + j]) + kv_head_ * shape_.head_dim;
    }
    return count;
  }

  void compute_scores() {
    for (std::size_t first = 0; first < tile_.columns.size(); first += kColumnsPerBlock) {
      const std::size_t count =
          point_at_block(first, [&](std::size_t column) { return cache_.key(column, shape_.kv_size()); });
      kernels_.gather_transposed(pointers_.data(), count, shape_.head_dim, gathered_);
      for_strips([&](const Strip& strip) {
        if (strip.columns <= first) return;
        kernels_.multiply_tile(gathered_, kColumnsPerBlock, round_up(std::min(count, strip.columns - first)),
                               shape_.head_dim, strip.x, scores_of(strip.first) + first, score_stride(tile_),
                               true);
      });
    }
  }

  /// Turns scores into weights and sums them.
  void weigh(const Strip& strip) {
    for (std::size_t query = strip.first; query < strip.first + strip.queries; ++query) {
      kernels_.softmax_weights(scores_of(query), tile_.mask.data() + query % tile_.rows * tile_.mask_stride,
                               strip.columns);
    }
    kernels_.sum_rows({scores_of(strip.first), score_stride(tile_), strip.queries}, strip.columns,
                      weighted_ + strip.first);
  }

  void add_values() {
    for_strips([&](const Strip& strip) {
      if (strip.columns != 0) return;
      for (std::size_t i = 0; i < strip.queries; ++i)
        std::fill_n(strip.sums + i * strip.sum_stride, shape_.head_dim, 0.0F);
    });
    for (std::size_t first = 0; first < tile_.columns.size(); first += kColumnsPerBlock) {
      const std::size_t count =
          point_at_block(first, [&](std::size_t column) { return cache_.value(column, shape_.kv_size()); });
      kernels_.gather_rows(pointers_.data(), count, shape_.head_dim, gathered_, padded_dim_);
      for_strips([&](const Strip& strip) {
        if (strip.columns <= first) return;
        kernels_.multiply_tile(gathered_, padded_dim_, padded_dim_, std::min(count, strip.columns - first),
                               {scores_of(strip.first) + first, score_stride(tile_), strip.queries},
                               strip.sums, strip.sum_stride, first == 0);
      });
    }
  }

  /// Divides by the sums of weights.
  void finish() {
    for (std::size_t head = 0; head < shape_.group(); ++head) {
      for (std::size_t row = 0; row < tile_.rows; ++row) {
        const std::size_t query = head * tile_.rows + row;
        float* out = attended_.row(tile_.first_row + row) + head_offset(head);
        if (!in_place(shape_)) std::memcpy(out, sums_ + query * padded_dim_, shape_.head_dim * sizeof(float));
        // A row that sees nothing has only zeros to scale. NaN totals go through.
        const float total = weighted_[query];
        kernels_.scale(out, total == 0.0F ? 0.0F : 1.0F / total, shape_.head_dim);
      }
    }
  }

  const KernelTable& kernels_;
  const AttentionShape& shape_;
  const MaskPlan::Tile& tile_;
  const AttentionCache& cache_;
  std::size_t kv_head_;
  std::size_t queries_;
  std::size_t padded_dim_;
  ActivationRows query_rows_;
  ActivationRows attended_;

  // Scratch: a block of K or V, sums of values unless in place, sums of weights, scores.
  float* gathered_ = nullptr;
  float* sums_ = nullptr;
  float* weighted_ = nullptr;
  float* scores_ = nullptr;
  std::array<const std::uint16_t*, kColumnsPerBlock> pointers_{};
};

}  // namespace

std::size_t AttentionShape::rows_per_tile() const noexcept {
  return std::max<std::size_t>(1, kQueriesPerTile / group());
}

void attend(const KernelTable& kernels, ThreadPool& pool, Workspace& workspace, const AttentionShape& shape,
            const MaskPlan& plan, const AttentionCache& cache, const ActivationRows& queries,
            const ActivationRows& attended) {
  std::size_t scratch = 0;
  for (const MaskPlan::Tile& tile : plan.tiles()) {
    scratch = std::max(scratch, HeadTile::scratch_floats(shape, tile));
  }
  for (ScratchBuffer& buffer : workspace.per_thread) buffer.reserve(scratch);
  pool.for_each(plan.tiles().size() * shape.kv_heads, [&](std::size_t task, std::size_t thread) {
    // The last tiles see the most columns: begin with them, so that the threads end together.
    const MaskPlan::Tile& tile = plan.tiles()[plan.tiles().size() - 1 - task / shape.kv_heads];
    HeadTile(kernels, shape, tile, cache, task % shape.kv_heads)
        .run(workspace.per_thread[thread].reserve(scratch), queries, attended);
  });
}

}  // namespace axllama::softcard
