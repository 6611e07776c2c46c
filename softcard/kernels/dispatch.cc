#include "softcard/kernels/dispatch.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <cstdlib>

namespace axllama::softcard {
namespace {

#if defined(__x86_64__)
/// CPUID leaf 7, sub-leaf 1, EAX bit 4; GCC 12 has no name for it.
bool has_avx_vnni() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4U & 1U) != 0;
}
#endif

bool can_run(const KernelTable* table) {
  if (table == nullptr) return false;
  const std::string_view name = table->name;
#if defined(__x86_64__)
  // __builtin_cpu_supports also asks whether the operating system saves the registers.
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                    __builtin_cpu_supports("f16c") != 0;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0 &&
                      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                      __builtin_cpu_supports("avx512dq") != 0;
  if (name == "avx512vnni") return avx512 && __builtin_cpu_supports("avx512vnni") != 0;
  if (name == "avx512") return avx512;
  if (name == "avx2vnni") return avx2 && has_avx_vnni();
  if (name == "avx2") return avx2;
#elif defined(__aarch64__)
  if (name == "neondot") return (::getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#endif
  return true;
}

}  // namespace

const std::vector<const KernelTable*>& available_kernels() {
  static const std::vector<const KernelTable*> tables = [] {
    std::vector<const KernelTable*> usable;
    for (const KernelTable* table : {avx512vnni_kernels(), avx512_kernels(), avx2vnni_kernels(),
                                     avx2_kernels(), neondot_kernels(), neon_kernels(), scalar_kernels()}) {
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
