#pragma once

#include <array>
#include <cstdint>

namespace axllama::inference {

/// xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), its state
/// filled by SplitMix64 from the seed. Integer arithmetic only: one seed gives one sequence on every
/// platform.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept;
  explicit Random(const std::array<std::uint64_t, 4>& state) noexcept : state_(state) {}

  std::uint64_t next() noexcept;
  /// Uniform in [0, 1): the upper 53 bits of next().
  double uniform() noexcept;

 private:
  std::array<std::uint64_t, 4> state_;
};

/// A seed from the system's entropy source.
std::uint64_t random_seed();

}  // namespace axllama::inference
