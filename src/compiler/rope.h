#pragma once

#include <cstddef>
#include <vector>

namespace axllama::compiler {

/// inv_freq[i] = theta^(-2i / dim), i < dim / 2 (rotary position embedding, Su et al. 2021).
std::vector<float> rope_frequencies(std::size_t dim, double theta);

/// Llama 3's scaling: long wavelengths are stretched by `factor`, short ones kept, those between blended
/// (Meta's llama-models reference code, apply_scaling).
struct Llama3Scaling {
  double factor = 8;
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  double original_positions = 8192;
};
void scale_llama3(std::vector<float>& frequencies, const Llama3Scaling& scaling);

/// Divides each frequency by its factor. Throws Error (kInvalidArgument) when there are not as many factors
/// as frequencies, or one is not above 0; `what` names them.
void divide_frequencies(std::vector<float>& frequencies, const std::vector<double>& factors,
                        const char* what);

/// LongRoPE's growth of queries and keys: sqrt(1 + ln(positions / original) / ln(original)), 1 without
/// extension (Ding et al. 2024, as Hugging Face transformers computes it).
double longrope_attention_factor(double positions, double original_positions);

}  // namespace axllama::compiler
