#include "softcard/kernels/dispatch.h"

#include <cstdlib>

namespace axllama::softcard {
namespace {

bool can_run(const KernelTable* table) {
  if (table == nullptr) return false;
#if defined(__x86_64__)
  // These also ask whether the operating system saves the registers.
  const std::string_view name = table->name;
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (name == "avx512") {
    return avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
  }
  if (name == "avx2") return avx2;
#endif
  return true;
}

}  // namespace

const std::vector<const KernelTable*>& available_kernels() {
  static const std::vector<const KernelTable*> tables = [] {
    std::vector<const KernelTable*> usable;
    for (const KernelTable* table : {avx512_kernels(), avx2_kernels(), neon_kernels(), scalar_kernels()}) {
      if (can_run(table)) usable.push_back(table);
    }
    return usable;
  }();
  return tables;
}

const KernelTable* find_kernels(std::string_view name) {
  for (const KernelTable* table : available_kernels()) {
    if (name == table->name) return table;
  }
  return nullptr;
}

const KernelTable& kernels() {
  static const KernelTable* chosen = [] {
    const char* name = std::getenv("AXLLAMA_SOFTCARD_ISA");
    const KernelTable* forced = name == nullptr ? nullptr : find_kernels(name);
    return forced != nullptr ? forced : available_kernels().front();
  }();
  return *chosen;
}

}  // namespace axllama::softcard
