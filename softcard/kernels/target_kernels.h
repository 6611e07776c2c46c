#pragma once

// Every kernel over the 16-lane vectors of the simd_*.h header included before this one.

#include "softcard/kernels/integer_tile_templates.h"
#include "softcard/kernels/projection_templates.h"
#include "softcard/kernels/vector_templates.h"

namespace axllama::softcard {
namespace {

constexpr KernelTable target_kernels(const char* name) {
  return {name,
          project_block,
          project_block_integer,
          quantise,
          bf16_to_f32,
          f32_to_bf16,
          rms_norm,
          rotate_half,
          silu_multiply,
          gelu_multiply,
          add_vectors,
          scale_vector,
          gather_transposed,
          gather_rows,
          multiply_tile,
          softmax_weights,
          sum_rows};
}

}  // namespace
}  // namespace axllama::softcard
