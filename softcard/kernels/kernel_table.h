#pragma once

#include <cstddef>
#include <cstdint>

#include "softcard/weights/packed_matrix.h"

namespace axllama::softcard {

// Numerics shared by every instruction set, so that all of them, and chunk and decode rows, give the same
// bytes:
//   * a dot product is one chain of fused multiply-adds in ascending k, starting from +0;
//   * sums over a vector use 16 interleaved lanes and then the tree l+8, l+4, l+2, l+1;
//   * exp is one polynomial evaluated with fused multiply-adds;
//   * integer arithmetic takes 128 columns at a time, which share an activation scale. Its sum over them is a
//     chain, starting from +0, of fma(float(exact sum of (q - zero) * activation), weight scale, sum) for
//     each weight scale in turn (a scale per row counts as 1), followed by fma(minimum, float(exact sum of
//     activations), sum) where weights have a minimum. The result is the chain of fma(that sum, activation
//     scale, result); a scale per row comes last;
//   * everything else is element by element, without contraction.

/// Rows of f32 activations; `stride` in floats. Columns up to the next multiple of 32 are zero.
struct ActivationView {
  const float* data = nullptr;
  std::size_t stride = 0;
  std::size_t rows = 0;
};

/// Columns that share an activation scale in integer arithmetic: four groups.
inline constexpr std::size_t kScaleDepth = 128;
inline constexpr std::size_t kScaleGroups = kScaleDepth / kGroupDepth;

/// Rows of activations as integers: x = q * scale per 128 columns, q in [-127, 127].
struct QuantisedView {
  const std::int8_t* values = nullptr;       // [rows, value_stride]
  const float* scales = nullptr;             // [rows, scale_stride], NaN for columns with NaN or infinity
  const std::int32_t* group_sums = nullptr;  // [rows, group_stride]: minus the sum of each 32 q
  const std::int32_t* half_sums = nullptr;   // [rows, 2 * group_stride]: minus the sum of each 16 q
  std::size_t value_stride = 0;              // bytes, a multiple of 4
  std::size_t scale_stride = 0;
  std::size_t group_stride = 0;
  std::size_t rows = 0;
};

/// One row of them, to be written.
struct QuantisedRow {
  std::int8_t* values;
  float* scales;
  std::int32_t* group_sums;
  std::int32_t* half_sums;
};

/// One instruction set's kernels. Pointers need no alignment. All functions are reentrant and never throw.
struct KernelTable {
  const char* name;

  /// y[row][0..63] = rows `block * 64 ...` of the matrix times x[row], for every row; y_stride in floats.
  void (*project_block)(const WeightView& weights, std::size_t block, const ActivationView& x, float* y,
                        std::size_t y_stride);

  /// The same on integers, as the numerics above say. Not for floats.
  void (*project_block_integer)(const WeightView& weights, std::size_t block, const QuantisedView& x,
                                float* y, std::size_t y_stride);
  /// Quantises one row of `groups` * 32 values.
  void (*quantise)(const float* x, std::size_t groups, const QuantisedRow& out);

  void (*bf16_to_f32)(const std::uint16_t* in, std::size_t count, float* out);
  /// Round to nearest even; NaN stays NaN.
  void (*f32_to_bf16)(const float* in, std::size_t count, std::uint16_t* out);
  /// out = x / sqrt(mean(x^2) + epsilon) * gain. `out` may be `x`.
  void (*rms_norm)(const float* x, const float* gain, float epsilon, std::size_t count, float* out);
  /// Rotates (x[i], x[i + half]) by the angle whose cosine and sine are given, for i in [0, half).
  void (*rotate_half)(float* x, const float* cosine, const float* sine, std::size_t half);
  /// out = silu(gate) * up. `out` may be `gate` or `up`.
  void (*silu_multiply)(const float* gate, const float* up, std::size_t count, float* out);
  /// The same with GELU in its tanh form, 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
  void (*gelu_multiply)(const float* gate, const float* up, std::size_t count, float* out);
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

/// The tables of this architecture. Only dispatch.cc may decide whether the processor can run one.
const KernelTable* scalar_kernels() noexcept;
#if defined(__x86_64__)
const KernelTable* sse4_kernels() noexcept;
const KernelTable* avx2_kernels() noexcept;
const KernelTable* avx2vnni_kernels() noexcept;
const KernelTable* avx512_kernels() noexcept;
const KernelTable* avx512vnni_kernels() noexcept;
#elif defined(__aarch64__)
const KernelTable* neon_kernels() noexcept;
const KernelTable* neondot_kernels() noexcept;
const KernelTable* neoni8mm_kernels() noexcept;
#endif

}  // namespace axllama::softcard
