#pragma once

#include <cstddef>

namespace axllama::cli {

/// Multiply-adds of 8-bit integers that `threads` threads do per second, two operations each, on values that
/// stay in registers and with the best instructions of this machine (AVX-512 VNNI, AVX VNNI, AVX2, NEON dot
/// product): the limit of a prompt's evaluation.
struct IntegerPeak {
  std::size_t threads = 0;
  const char* instructions = "";
  double average_gop_per_s = 0;
  double best_gop_per_s = 0;
};

/// Takes about a third of a second. Not to be called while a model computes.
IntegerPeak measure_integer_peak(std::size_t threads);

}  // namespace axllama::cli
