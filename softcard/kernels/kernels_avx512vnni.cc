#if defined(__x86_64__)

#include "softcard/kernels/simd_avx512.h"
#include "softcard/kernels/target_kernels.h"

namespace axllama::softcard {

const KernelTable* avx512vnni_kernels() noexcept {
  static constexpr KernelTable kTable = target_kernels("avx512vnni");
  return &kTable;
}

}  // namespace axllama::softcard

#endif
