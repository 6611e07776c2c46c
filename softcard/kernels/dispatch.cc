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

// The best come first.
#if defined(__x86_64__)

/// CPUID leaf 7, sub-leaf 1, EAX bit 4; GCC 12 has no name for it.
bool has_avx_vnni() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4U & 1U) != 0;
}

std::vector<const KernelTable*> usable_kernels() {
  // __builtin_cpu_supports also asks whether the operating system saves the registers.
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                    __builtin_cpu_supports("f16c") != 0;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0 &&
                      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                      __builtin_cpu_supports("avx512dq") != 0;
  std::vector<const KernelTable*> tables;
  if (avx512 && __builtin_cpu_supports("avx512vnni") != 0) tables.push_back(avx512vnni_kernels());
  if (avx512) tables.push_back(avx512_kernels());
  if (avx2 && has_avx_vnni()) tables.push_back(avx2vnni_kernels());
  if (avx2) tables.push_back(avx2_kernels());
  if (__builtin_cpu_supports("sse4.1") != 0) tables.push_back(sse4_kernels());  // which have SSSE3, too
  tables.push_back(scalar_kernels());
  return tables;
}

#elif defined(__aarch64__)

std::vector<const KernelTable*> usable_kernels() {
  const bool dot = (::getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  const bool i8mm = (::getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
  std::vector<const KernelTable*> tables;
  if (dot && i8mm) tables.push_back(neoni8mm_kernels());
  if (dot) tables.push_back(neondot_kernels());
  tables.push_back(neon_kernels());
  tables.push_back(scalar_kernels());
  return tables;
}

#else

std::vector<const KernelTable*> usable_kernels() {
  return {scalar_kernels()};
}

#endif

}  // namespace

const std::vector<const KernelTable*>& available_kernels() {
  static const std::vector<const KernelTable*> tables = usable_kernels();
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
