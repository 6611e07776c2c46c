#include "softcard/kernels/simd_scalar.h"
#include "softcard/kernels/target_kernels.h"

namespace axllama::softcard {

const KernelTable* scalar_kernels() noexcept {
  static constexpr KernelTable kTable = target_kernels("scalar");
  return &kTable;
}

}  // namespace axllama::softcard
