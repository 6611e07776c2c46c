// clang-format off: the vector header defines what the templates use.
#include "softcard/kernels/simd_scalar.h"
#include "softcard/kernels/integer_templates.h"
#include "softcard/kernels/projection_templates.h"
#include "softcard/kernels/vector_templates.h"
// clang-format on

namespace axllama::softcard {

const KernelTable* scalar_kernels() noexcept {
  static constexpr KernelTable kTable = {
      "scalar",          project_block, project_block_integer, kGroupWords,     quantise,    bf16_to_f32,
      f32_to_bf16,       rms_norm,      rotate_half,           silu_multiply,   add_vectors, scale_vector,
      gather_transposed, gather_rows,   multiply_tile,         softmax_weights, sum_rows};
  return &kTable;
}

}  // namespace axllama::softcard
