#include "inference/logits_scan.h"

#include <algorithm>
#include <limits>

#include "inference/logits_scan_template.h"

namespace axllama::inference {
namespace {

KeyRange scan_one_by_one(const base::Bf16* logits, std::size_t blocks, const std::uint64_t* allowed,
                         std::int16_t* block_maxima) {
  KeyRange range{std::numeric_limits<std::int16_t>::max(), kLowestKey};
  for (std::size_t i = 0; i < blocks * kLogitsBlock; ++i) {
    const std::int16_t key = order_key(logits[i]);
    range.least = std::min(range.least, key);
    range.largest = std::max(range.largest, key);
    std::int16_t& maximum = block_maxima[i / kLogitsBlock];
    if (i % kLogitsBlock == 0) {
      maximum = kLowestKey;
    }
    if (allowed == nullptr || (allowed[i / 64] >> (i % 64) & 1U) != 0) {
      maximum = std::max(maximum, key);
    }
  }
  return range;
}

}  // namespace

#if !defined(__x86_64__)
ScanLogits avx2_logits_scan() noexcept {
  return nullptr;
}
#endif

const std::vector<LogitsScanner>& logits_scanners() {
  static const std::vector<LogitsScanner> scanners = [] {
    std::vector<LogitsScanner> usable;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") != 0) {
      usable.push_back({"avx2", avx2_logits_scan()});
    }
    usable.push_back({"sse2", &LogitsScanOf<Keys8>::scan});
#elif defined(__ARM_NEON)
    usable.push_back({"neon", &LogitsScanOf<Keys8>::scan});
#endif
    usable.push_back({"scalar", &scan_one_by_one});
    return usable;
  }();
  return scanners;
}

}  // namespace axllama::inference
