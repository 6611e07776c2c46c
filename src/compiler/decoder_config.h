#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace axllama::compiler {

/// What a checkpoint's config.json says about a decoder-only model, in the terms of Hugging Face
/// transformers.
struct DecoderConfig {
  std::string architecture;  // "qwen3", "qwen2", "llama"
  std::size_t layers = 0;
  std::size_t hidden = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  std::size_t intermediate = 0;
  std::size_t vocabulary = 0;
  std::size_t max_positions = 0;
  double rms_eps = 1e-6;
  bool tied_embeddings = false;
  bool qk_norm = false;
  bool qkv_bias = false;
  std::vector<float> rope_inv_freq;  // [head_dim / 2], scaling applied

  std::uint64_t parameters() const noexcept;
};

/// Reads and checks a config.json. Throws Error: kUnsupported for another architecture, RoPE scaling or
/// activation (names what is supported), kInvalidArgument for a missing or impossible value (names the key).
DecoderConfig read_decoder_config(const std::filesystem::path& file);

/// inv_freq[i] = theta^(-2i / dim), i < dim / 2 (rotary position embedding, Su et al. 2021).
std::vector<float> rope_frequencies(std::size_t dim, double theta);

}  // namespace axllama::compiler
