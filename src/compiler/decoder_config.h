#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace axllama::compiler {

/// A decoder-only model in the terms of Hugging Face transformers, whatever file described it.
struct DecoderConfig {
  std::string architecture;  // "qwen3", "qwen2", "llama", "smollm3", "phi3", "minicpm", "gemma3"
  std::size_t layers = 0;
  std::size_t hidden = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  std::size_t intermediate = 0;
  std::size_t vocabulary = 0;
  std::size_t max_positions = 0;  // of RoPE and of a sliding window, whichever is smaller
  double rms_eps = 1e-6;
  bool tied_embeddings = false;
  bool qk_norm = false;
  bool qkv_bias = false;
  bool fused_projections = false;  // qkv_proj and gate_up_proj instead of five projections
  // Attention and MLP have a norm behind them as well, post_attention_layernorm and
  // post_feedforward_layernorm; that before the MLP is then pre_feedforward_layernorm.
  bool post_norms = false;
  bool gains_from_one = false;      // norms multiply by 1 + what the source has
  std::string activation = "silu";  // of the MLP's gate, as softcard/format.h names it

  // Rotary position embedding: the first 2 * rope_inv_freq.size() values of a head rotate, the others pass.
  std::vector<float> rope_inv_freq;       // scaling applied
  double rope_attention_factor = 1;       // of rotated queries and keys
  std::vector<bool> layers_without_rope;  // empty: every layer has it

  // Layers that see the last `window` keys only, their own included, and have frequencies of their own.
  std::vector<bool> local_layers;  // empty: every layer sees all
  std::size_t window = 0;
  std::vector<float> local_rope_inv_freq;

  // Constant factors that some families apply while running; folded into weights here.
  double embedding_scale = 1;  // of the hidden state that enters the first layer
  double residual_scale = 1;   // of what a block adds to the hidden state
  double logit_scale = 1;      // of the hidden state that enters the head
  double query_scale = 1;      // of queries, besides 1 / sqrt(head_dim); only with qk_norm

  std::uint64_t parameters() const noexcept;
  bool has_rope(std::size_t layer) const {
    return layers_without_rope.empty() || !layers_without_rope[layer];
  }
  bool is_local(std::size_t layer) const { return !local_layers.empty() && local_layers[layer]; }
};

/// Reads and checks a checkpoint's config.json. `max_context` selects between variants of RoPE for short and
/// long contexts. Throws Error: kUnsupported for another architecture, RoPE scaling or activation (names what
/// is supported), kInvalidArgument for a missing or impossible value (names the key).
DecoderConfig read_decoder_config(const std::filesystem::path& file, std::size_t max_context);

/// Checks that sizes fit each other; `file` begins the message of the Error (kInvalidArgument).
void check_decoder_config(const DecoderConfig& config, const std::string& file);

/// Checks that RoPE is of a kind that weights can be adapted to; as check_decoder_config, but kUnsupported.
void check_rotation(const DecoderConfig& config, const std::string& file);

/// The Error (kUnsupported) for an architecture that is not compiled.
[[noreturn]] void throw_unsupported_architecture(const std::string& file, const std::string& architecture);

}  // namespace axllama::compiler
