#pragma once

#include <cstdint>

#include "compiler/weight_source.h"

namespace axllama::compiler {

/// Weights drawn from a seed: the same tensor has the same values whatever else is read. Norm gains are near
/// 1; matrices are scaled by 1/sqrt(columns), so that activations keep their size through any number of
/// layers.
class RandomSource final : public WeightSource {
 public:
  explicit RandomSource(std::uint64_t seed) : seed_(seed) {}

  bool has(const std::string& /*tensor*/) const override { return true; }
  void read_rows(const std::string& tensor, std::size_t rows, std::size_t columns, std::size_t first,
                 std::span<float> out) override;

 private:
  std::uint64_t seed_;
};

}  // namespace axllama::compiler
