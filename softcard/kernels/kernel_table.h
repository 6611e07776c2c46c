#pragma once

#include <cstddef>
#include <cstdint>

namespace axllama::softcard {

// Numerics shared by every instruction set, so that all of them, and chunk and decode rows, give the same
// bytes:
//   * a dot product is one chain of fused multiply-adds in ascending k, starting from +0;
//   * sums over a vector use 16 interleaved lanes and then the tree l+8, l+4, l+2, l+1;
//   * exp is one polynomial evaluated with fused multiply-adds;
//   * integer arithmetic adds, per group of 32, fma(integer sum, scale, sum), then fma(minimum, scaled sum of
//   q, sum);
//   * everything else is element by element, without contraction.

/// How a projection's weights are packed (see packed_matrix.h).
enum class WeightFormat : std::uint8_t { kBf16, kS8, kS4 };

/// Output rows per block of a packed matrix, and per panel (one vector of 16 lanes) inside a block.
inline constexpr std::size_t kBlockRows = 64;
inline constexpr std::size_t kPanelRows = 16;
/// Bytes of one step: 64 rows of 4 bytes, which are 2 bf16, 4 s8 or 8 s4 neighbours in k.
inline constexpr std::size_t kStepBytes = kBlockRows * 4;
/// Neighbours in k that share an activation scale in integer arithmetic; integer columns are padded to a
/// multiple.
inline constexpr std::size_t kGroupDepth = 32;

/// A packed [out, in] matrix as kernels see it: blocks of records, each [64 f16 scales][64 f16
/// minimums][steps]. bf16, and s8 with one scale per row, have no scales in their records. Rows and columns
/// beyond the real ones are zero.
struct WeightView {
  WeightFormat format = WeightFormat::kBf16;
  bool has_record_scales = false;
  bool has_minimum = false;  // weight = q * scale + minimum
  const std::uint8_t* blocks = nullptr;
  const float* row_scales = nullptr;  // [blocks * 64] of s8 without record scales, else null
  std::size_t block_bytes = 0;
  std::size_t records = 0;  // per block
  std::size_t record_bytes = 0;
  std::size_t record_header_bytes = 0;
  std::size_t record_steps = 0;
  std::size_t record_groups = 0;  // activation groups per record
};

/// Rows of f32 activations; `stride` in floats. Columns up to the next multiple of 32 are zero.
struct ActivationView {
  const float* data = nullptr;
  std::size_t stride = 0;
  std::size_t rows = 0;
};

/// Rows of activations as integers: x = q * scale per group of 32, q in [-127, 127]. The words are in the
/// order that the table's own dot product wants; a table reads only what its quantise() wrote. Groups of one
/// row are neighbours.
struct QuantisedView {
  const std::int32_t* words = nullptr;
  std::size_t word_stride = 0;
  const float* scales = nullptr;       // NaN for a group with NaN or infinity
  const float* scaled_sums = nullptr;  // scale * sum of q
  const std::int32_t* sums = nullptr;  // sum of q
  std::size_t group_stride = 0;
  std::size_t rows = 0;
};

/// One instruction set's kernels. Pointers need no alignment. All functions are reentrant and never throw.
struct KernelTable {
  const char* name;

  /// y[row][0..63] = rows `block * 64 ...` of the matrix times x[row], for every row; y_stride in floats.
  void (*project_block)(const WeightView& weights, std::size_t block, const ActivationView& x, float* y,
                        std::size_t y_stride);

  /// The same on integers: per group of 32 an exact integer sum of products, times the scales, added in
  /// ascending k. Not for bf16.
  void (*project_block_integer)(const WeightView& weights, std::size_t block, const QuantisedView& x,
                                float* y, std::size_t y_stride);
  /// 32-bit words that quantise() writes per group of 32.
  std::size_t words_per_group;
  /// Quantises one row of `groups` * 32 values.
  void (*quantise)(const float* x, std::size_t groups, std::int32_t* words, float* scales, float* scaled_sums,
                   std::int32_t* sums);

  void (*bf16_to_f32)(const std::uint16_t* in, std::size_t count, float* out);
  /// Round to nearest even; NaN stays NaN.
  void (*f32_to_bf16)(const float* in, std::size_t count, std::uint16_t* out);
  /// out = x / sqrt(mean(x^2) + epsilon) * gain. `out` may be `x`.
  void (*rms_norm)(const float* x, const float* gain, float epsilon, std::size_t count, float* out);
  /// Rotates (x[i], x[i + half]) by the angle whose cosine and sine are given, for i in [0, half).
  void (*rotate_half)(float* x, const float* cosine, const float* sine, std::size_t half);
  /// out = silu(gate) * up. `out` may be `gate` or `up`.
  void (*silu_multiply)(const float* gate, const float* up, std::size_t count, float* out);
  /// sum += x.
  void (*add)(float* sum, const float* x, std::size_t count);
  void (*scale)(float* x, float factor, std::size_t count);

  /// tile[d][j] = bf16 row j at element d, for j < count <= 64 and d < dim (even); columns up to the next
  /// multiple of 16 become zero. The tile's stride is 64.
  void (*gather_transposed)(const std::uint16_t* const* row_pointers, std::size_t count, std::size_t dim,
                            float* tile);
  /// tile[j][d] = bf16 row j at element d; columns up to the next multiple of 16 become zero.
  void (*gather_rows)(const std::uint16_t* const* row_pointers, std::size_t count, std::size_t dim,
                      float* tile, std::size_t tile_stride);
  /// y[r][c] (+)= sum over k of x[r][k] * tile[k][c], for c < columns (a multiple of 16). Starts from 0 when
  /// `first`.
  void (*multiply_tile)(const float* tile, std::size_t tile_stride, std::size_t columns, std::size_t depth,
                        const ActivationView& x, float* y, std::size_t y_stride, bool first);
  /// scores[j] = exp(scores[j] + mask[j] - max), exactly 0 where the mask is -infinity; all 0 when it is so
  /// everywhere. Both arrays must be readable and writable up to the next multiple of 16, with mask -infinity
  /// there.
  void (*softmax_weights)(float* scores, const float* mask, std::size_t count);
  /// sums[r] = sum over j < count of x[r][j], added one after the other so that zeros in between change
  /// nothing.
  void (*sum_rows)(const ActivationView& x, std::size_t count, float* sums);
};

/// The tables built into this library, or null where the architecture or build lacks them. Only dispatch.cc
/// may decide whether the processor can run one.
const KernelTable* scalar_kernels() noexcept;
const KernelTable* avx2_kernels() noexcept;
const KernelTable* avx2vnni_kernels() noexcept;
const KernelTable* avx512_kernels() noexcept;
const KernelTable* avx512vnni_kernels() noexcept;
const KernelTable* neon_kernels() noexcept;
const KernelTable* neondot_kernels() noexcept;

}  // namespace axllama::softcard
