#if defined(__x86_64__)

#include "softcard/kernels/simd_sse4.h"
#include "softcard/kernels/target_kernels.h"

namespace axllama::softcard {

const KernelTable* sse4_kernels() noexcept {
  static constexpr KernelTable kTable = target_kernels("sse4");
  return &kTable;
}

}  // namespace axllama::softcard

#endif
