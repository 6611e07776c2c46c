#if defined(__x86_64__)

// clang-format off: the vector header defines what the templates use.
#include "softcard/kernels/simd_avx2.h"
#include "softcard/kernels/integer_templates.h"
#include "softcard/kernels/projection_templates.h"
#include "softcard/kernels/vector_templates.h"
// clang-format on

namespace axllama::softcard {

const KernelTable* avx2_kernels() noexcept {
  static constexpr KernelTable kTable = {"avx2",
                                         project_block,
                                         project_block_integer,
                                         kGroupWords,
                                         quantise,
                                         bf16_to_f32,
                                         f32_to_bf16,
                                         rms_norm,
                                         rotate_half,
                                         silu_multiply,
                                         add_vectors,
                                         scale_vector,
                                         gather_transposed,
                                         gather_rows,
                                         multiply_tile,
                                         softmax_weights,
                                         sum_rows};
  return &kTable;
}

}  // namespace axllama::softcard

#else

#include "softcard/kernels/kernel_table.h"

namespace axllama::softcard {

const KernelTable* avx2_kernels() noexcept {
  return nullptr;
}

}  // namespace axllama::softcard

#endif
