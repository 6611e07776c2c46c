#include "softcard/graph/attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>

namespace axllama::softcard {
namespace {

constexpr std::size_t kColumnsPerBlock = 64;
constexpr std::size_t kLanes = 16;
constexpr std::size_t kQueriesPerTile = 72;
constexpr std::size_t kQueriesPerStrip = 12;

std::size_t round_up(std::size_t value) noexcept {
  return (value + kLanes - 1) / kLanes * kLanes;
}

/// One key-value head for one tile of rows. A query is a (row, head of the group) pair, rows first.
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
    return kColumnsPerBlock * padded_dim + queries * (2 * padded_dim + score_stride(tile) + kLanes);
  }

  void run(float* scratch, const ActivationRows& queries, const ActivationRows& attended) {
    gathered_ = scratch;
    query_rows_ = gathered_ + kColumnsPerBlock * padded_dim_;
    sums_ = query_rows_ + queries_ * padded_dim_;
    weighted_ = sums_ + queries_ * padded_dim_;
    scores_ = weighted_ + queries_ * kLanes;
    copy_queries(queries);
    compute_scores();
    for_strips([&](const Strip& strip) { weigh(strip); });
    add_values();
    write(attended);
  }

 private:
  /// Neighbouring queries that look no further than at the first `columns` columns.
  struct Strip {
    std::size_t first;
    std::size_t queries;
    std::size_t columns;
  };

  template <typename Work>
  void for_strips(const Work& work) const {
    const std::size_t most = std::max<std::size_t>(1, kQueriesPerStrip / shape_.group());
    for (std::size_t row = 0; row < tile_.rows; row += most) {
      const std::size_t rows = std::min(most, tile_.rows - row);
      const auto ends = std::span(tile_.row_ends).subspan(row, rows);
      work(Strip{row * shape_.group(), rows * shape_.group(), *std::max_element(ends.begin(), ends.end())});
    }
  }

  static std::size_t score_stride(const MaskPlan::Tile& tile) noexcept {
    return tile.mask_stride + kLanes;  // never a multiple of a large power of two
  }

  std::size_t head_offset(std::size_t index_in_group) const noexcept {
    return (kv_head_ * shape_.group() + index_in_group) * shape_.head_dim;
  }

  void copy_queries(const ActivationRows& queries) {
    const float scale = 1.0F / std::sqrt(static_cast<float>(shape_.head_dim));
    float* out = query_rows_;
    for (std::size_t row = 0; row < tile_.rows; ++row) {
      for (std::size_t i = 0; i < shape_.group(); ++i, out += padded_dim_) {
        std::memcpy(out, queries.row(tile_.first_row + row) + head_offset(i),
                    shape_.head_dim * sizeof(float));
        kernels_.scale(out, scale, shape_.head_dim);
      }
    }
  }

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
                               shape_.head_dim,
                               {query_rows_ + strip.first * padded_dim_, padded_dim_, strip.queries},
                               scores_of(strip.first) + first, score_stride(tile_), true);
      });
    }
  }

  float* scores_of(std::size_t query) const { return scores_ + query * score_stride(tile_); }

  /// Turns scores into weights and sums them.
  void weigh(const Strip& strip) {
    for (std::size_t query = strip.first; query < strip.first + strip.queries; ++query) {
      kernels_.softmax_weights(scores_of(query),
                               tile_.mask.data() + query / shape_.group() * tile_.mask_stride, strip.columns);
    }
    kernels_.sum_rows({scores_of(strip.first), score_stride(tile_), strip.queries}, strip.columns,
                      weighted_ + strip.first);
  }

  void add_values() {
    for_strips([&](const Strip& strip) {
      if (strip.columns == 0)
        std::fill_n(sums_ + strip.first * padded_dim_, strip.queries * padded_dim_, 0.0F);
    });
    for (std::size_t first = 0; first < tile_.columns.size(); first += kColumnsPerBlock) {
      const std::size_t count =
          point_at_block(first, [&](std::size_t column) { return cache_.value(column, shape_.kv_size()); });
      kernels_.gather_rows(pointers_.data(), count, shape_.head_dim, gathered_, padded_dim_);
      for_strips([&](const Strip& strip) {
        if (strip.columns <= first) return;
        kernels_.multiply_tile(gathered_, padded_dim_, padded_dim_, std::min(count, strip.columns - first),
                               {scores_of(strip.first) + first, score_stride(tile_), strip.queries},
                               sums_ + strip.first * padded_dim_, padded_dim_, first == 0);
      });
    }
  }

  void write(const ActivationRows& attended) {
    const float* in = sums_;
    for (std::size_t row = 0; row < tile_.rows; ++row) {
      for (std::size_t i = 0; i < shape_.group(); ++i, in += padded_dim_) {
        const float total = weighted_[row * shape_.group() + i];
        float* out = attended.row(tile_.first_row + row) + head_offset(i);
        std::memcpy(out, in, shape_.head_dim * sizeof(float));
        // A row that sees nothing has only zeros to scale. NaN totals go through.
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

  // Scratch: a block of K or V, queries, sums of values, sums of weights, scores.
  float* gathered_ = nullptr;
  float* query_rows_ = nullptr;
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
