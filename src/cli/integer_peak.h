#pragma once

#include <cstddef>
#include <cstdint>

namespace axllama::cli {

/// Multiply-adds of 8-bit integers on values that stay in registers, with the best instructions of this
/// machine.
struct IntegerWork {
  const char* instructions = "";
  /// Does `steps` rounds and returns a word that depends on all of them.
  std::int32_t (*run)(std::size_t steps, std::int32_t seed) = nullptr;
  double products_per_step = 0;
};
IntegerWork integer_work();

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
