#if defined(__x86_64__)

#include "softcard/kernels/simd_avx2.h"
#include "softcard/kernels/target_kernels.h"

namespace axllama::softcard {

const KernelTable* avx2_kernels() noexcept {
  static constexpr KernelTable kTable = target_kernels("avx2");
  return &kTable;
}

}  // namespace axllama::softcard

#endif
