#if defined(__aarch64__)

#include "softcard/kernels/simd_neon.h"
#include "softcard/kernels/target_kernels.h"

namespace axllama::softcard {

const KernelTable* neoni8mm_kernels() noexcept {
  static constexpr KernelTable kTable = target_kernels("neoni8mm");
  return &kTable;
}

}  // namespace axllama::softcard

#endif
