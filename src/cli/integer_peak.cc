#include "cli/integer_peak.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace axllama::cli {
namespace {

constexpr int kPasses = 12;
constexpr std::size_t kSums = 12;  // independent, so that an instruction's latency does not set the pace
constexpr double kPassSeconds = 0.025;

#if defined(__x86_64__)

[[gnu::target("avx512f,avx512vnni")]] std::int32_t work_avx512(std::size_t steps, std::int32_t seed) {
  __m512i sums[kSums];
  for (__m512i& sum : sums) sum = _mm512_set1_epi32(seed);
  const __m512i a = _mm512_set1_epi32(seed);
  const __m512i b = _mm512_set1_epi32(~seed);
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (__m512i& sum : sums) sum = _mm512_dpbusd_epi32(sum, a, b);
  }
  for (const __m512i& sum : sums) sums[0] = _mm512_xor_si512(sums[0], sum);
  return static_cast<std::int32_t>(sums[0][0]);
}

[[gnu::target("avx2,avxvnni")]] std::int32_t work_avxvnni(std::size_t steps, std::int32_t seed) {
  __m256i sums[kSums];
  for (__m256i& sum : sums) sum = _mm256_set1_epi32(seed);
  const __m256i a = _mm256_set1_epi32(seed);
  const __m256i b = _mm256_set1_epi32(~seed);
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (__m256i& sum : sums) sum = _mm256_dpbusd_avx_epi32(sum, a, b);
  }
  for (const __m256i& sum : sums) sums[0] = _mm256_xor_si256(sums[0], sum);
  return static_cast<std::int32_t>(sums[0][0]);
}

[[gnu::target("avx2")]] std::int32_t work_avx2(std::size_t steps, std::int32_t seed) {
  __m256i sums[kSums];
  for (__m256i& sum : sums) sum = _mm256_set1_epi32(seed);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i b = _mm256_set1_epi32(~seed);
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (__m256i& sum : sums) {
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(sum, b), ones));
    }
  }
  for (const __m256i& sum : sums) sums[0] = _mm256_xor_si256(sums[0], sum);
  return static_cast<std::int32_t>(sums[0][0]);
}

IntegerWork best_work() {
  if (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vnni") != 0) {
    return {"AVX-512 VNNI", work_avx512, 64.0 * kSums};
  }
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  // CPUID leaf 7, sub-leaf 1, EAX bit 4: AVX-VNNI.
  const bool vnni = __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4U & 1U) != 0;
  if (vnni && __builtin_cpu_supports("avx2") != 0) return {"AVX VNNI", work_avxvnni, 32.0 * kSums};
  if (__builtin_cpu_supports("avx2") != 0) return {"AVX2", work_avx2, 32.0 * kSums};
  return {};
}

#elif defined(__aarch64__)

[[gnu::target("arch=armv8.2-a+dotprod")]] std::int32_t work_dotprod(std::size_t steps, std::int32_t seed) {
  int32x4_t sums[kSums];
  for (int32x4_t& sum : sums) sum = vdupq_n_s32(seed);
  const int8x16_t a = vreinterpretq_s8_s32(vdupq_n_s32(seed));
  const int8x16_t b = vreinterpretq_s8_s32(vdupq_n_s32(~seed));
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (int32x4_t& sum : sums) sum = vdotq_s32(sum, a, b);
  }
  for (const int32x4_t& sum : sums) sums[0] = veorq_s32(sums[0], sum);
  return vaddvq_s32(sums[0]);
}

std::int32_t work_neon(std::size_t steps, std::int32_t seed) {
  int32x4_t sums[kSums];
  for (int32x4_t& sum : sums) sum = vdupq_n_s32(seed);
  const int8x8_t b = vdup_n_s8(static_cast<std::int8_t>(~seed));
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (int32x4_t& sum : sums) sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(vreinterpretq_s8_s32(sum)), b));
  }
  for (const int32x4_t& sum : sums) sums[0] = veorq_s32(sums[0], sum);
  return vaddvq_s32(sums[0]);
}

IntegerWork best_work() {
  if ((::getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0) {
    return {"NEON dot product", work_dotprod, 16.0 * kSums};
  }
  return {"NEON", work_neon, 8.0 * kSums};
}

#else

IntegerWork best_work() {
  return {};
}

#endif

/// Plain C++, as far as the compiler makes vectors of it.
std::int32_t work_plain(std::size_t steps, std::int32_t seed) {
  std::int32_t sums[kSums] = {};
  for (std::size_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (std::int32_t& sum : sums) sum += static_cast<std::int8_t>(sum) * static_cast<std::int8_t>(seed);
  }
  for (const std::int32_t sum : sums) sums[0] ^= sum;
  return sums[0];
}

}  // namespace

IntegerWork integer_work() {
  const IntegerWork best = best_work();
  return best.run != nullptr ? best : IntegerWork{"plain C++", work_plain, 1.0 * kSums};
}

IntegerPeak measure_integer_peak(std::size_t threads) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::time_point begin, Clock::time_point end) {
    return std::chrono::duration<double>(end - begin).count();
  };
  const IntegerWork target = integer_work();
  volatile std::int32_t seed = 0x01234567;  // unknown to the compiler
  volatile std::int32_t keep = 0;           // the sums must not be optimised away
  std::size_t steps = 1 << 12;
  for (double taken = 0; taken < kPassSeconds / 4; steps *= 2) {
    const auto begin = Clock::now();
    keep = target.run(steps, seed);
    taken = seconds(begin, Clock::now());
  }
  steps *= 2;

  std::vector<Clock::time_point> marks;
  marks.reserve(kPasses + 1);
  std::barrier gate(static_cast<std::ptrdiff_t>(threads),
                    [&marks]() noexcept { marks.push_back(Clock::now()); });
  std::vector<std::int32_t> results(threads);
  {
    std::vector<std::jthread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        gate.arrive_and_wait();
        for (int pass = 0; pass < kPasses; ++pass) {
          results[t] ^= target.run(steps, seed);
          gate.arrive_and_wait();
        }
      });
    }
  }
  for (const std::int32_t result : results) keep = keep ^ result;

  const double operations = 2 * target.products_per_step * static_cast<double>(steps * threads);
  IntegerPeak peak{threads, target.instructions, 0, 0};
  for (std::size_t pass = 1; pass < marks.size(); ++pass) {
    peak.best_gop_per_s =
        std::max(peak.best_gop_per_s, operations / seconds(marks[pass - 1], marks[pass]) / 1e9);
  }
  peak.average_gop_per_s = operations * kPasses / seconds(marks.front(), marks.back()) / 1e9;
  return peak;
}

}  // namespace axllama::cli
