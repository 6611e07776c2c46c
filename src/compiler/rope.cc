#include "compiler/rope.h"

#include <cmath>
#include <numbers>
#include <string>

#include "base/error.h"

namespace axllama::compiler {

std::vector<float> rope_frequencies(std::size_t dim, double theta) {
  std::vector<float> frequencies(dim / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] =
        static_cast<float>(1.0 / std::pow(theta, static_cast<double>(2 * i) / static_cast<double>(dim)));
  }
  return frequencies;
}

void scale_llama3(std::vector<float>& frequencies, const Llama3Scaling& scaling) {
  for (float& frequency : frequencies) {
    const auto exact = static_cast<double>(frequency);
    const double turns = scaling.original_positions * exact / (2 * std::numbers::pi);
    if (turns < scaling.low_freq_factor) {
      frequency = static_cast<float>(exact / scaling.factor);
    } else if (turns <= scaling.high_freq_factor) {
      const double smooth =
          (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
      frequency = static_cast<float>((1 - smooth) * exact / scaling.factor + smooth * exact);
    }
  }
}

void divide_frequencies(std::vector<float>& frequencies, const std::vector<double>& factors,
                        const char* what) {
  if (factors.size() != frequencies.size()) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      std::string(what) + " has " + std::to_string(factors.size()) +
                          " values, but the model rotates " + std::to_string(frequencies.size()) + " pairs.");
  }
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    if (!(factors[i] > 0)) {
      throw base::Error(
          base::ErrorCode::kInvalidArgument,
          std::string(what) + " holds " + std::to_string(factors[i]) + ", which is not above 0.");
    }
    frequencies[i] = static_cast<float>(static_cast<double>(frequencies[i]) / factors[i]);
  }
}

double longrope_attention_factor(double positions, double original_positions) {
  const double extension = positions / original_positions;
  return extension <= 1 ? 1 : std::sqrt(1 + std::log(extension) / std::log(original_positions));
}

}  // namespace axllama::compiler
