#include "compiler/random_source.h"

#include <cmath>
#include <string>

namespace axllama::compiler {
namespace {

/// SplitMix64 (Steele, Lea, Flood 2014): one step of state, one well mixed word.
std::uint64_t next(std::uint64_t& state) noexcept {
  state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t word = state;
  word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  word = (word ^ (word >> 27U)) * 0x94D049BB133111EBULL;
  return word ^ (word >> 31U);
}

/// Uniform in [-1, 1).
float uniform(std::uint64_t& state) noexcept {
  return static_cast<float>(static_cast<std::int64_t>(next(state)) >> 40) * 0x1p-23F;
}

std::uint64_t hash(const std::string& text) noexcept {
  std::uint64_t value = 0xCBF29CE484222325ULL;  // FNV-1a
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return value;
}

}  // namespace

void RandomSource::read_rows(const std::string& tensor, std::size_t rows, std::size_t columns,
                             std::size_t first, std::span<float> out) {
  const bool gain = rows == 1 && tensor.find("norm") != std::string::npos;
  const float scale = gain ? 0.1F : std::sqrt(3.0F / static_cast<float>(columns));
  for (std::size_t begin = 0; begin < out.size(); begin += columns) {
    const std::size_t row = first + begin / columns;
    std::uint64_t state = hash(tensor) ^ (seed_ * 0x9E3779B97F4A7C15ULL) ^ (row * 0xD1B54A32D192ED03ULL);
    for (float& value : out.subspan(begin, columns)) value = uniform(state) * scale + (gain ? 1.0F : 0.0F);
  }
}

}  // namespace axllama::compiler
