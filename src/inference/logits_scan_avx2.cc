#include "inference/logits_scan_template.h"

#if defined(__x86_64__)

namespace axllama::inference {

ScanLogits avx2_logits_scan() noexcept {
  return &LogitsScanOf<Keys16>::scan;
}

}  // namespace axllama::inference

#endif
