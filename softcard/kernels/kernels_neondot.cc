#if defined(__aarch64__)

#include "softcard/kernels/simd_neon.h"
#include "softcard/kernels/target_kernels.h"

namespace axllama::softcard {

const KernelTable* neondot_kernels() noexcept {
  static constexpr KernelTable kTable = target_kernels("neondot");
  return &kTable;
}

}  // namespace axllama::softcard

#endif
