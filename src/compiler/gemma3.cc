#include "compiler/gemma3.h"

#include <cmath>
#include <string>
#include <vector>

#include "base/bfloat16.h"
#include "compiler/rope.h"

namespace axllama::compiler {
namespace {

using base::ErrorCode;

constexpr const char* kActivation = "gelu_pytorch_tanh";

void refuse_other_parts(const CheckpointConfigReader& config) {
  for (const char* key : {"hidden_activation", "hidden_act"}) {
    const std::string activation = config.text(key);
    if (activation.empty() || activation == kActivation) continue;
    config.fail(
        "the activation \"" + activation + "\" is not supported for gemma3; supported is " + kActivation,
        ErrorCode::kUnsupported);
  }
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    if (config.number(key, 0) != 0) {
      config.fail(std::string(key) + " is not supported", ErrorCode::kUnsupported);
    }
  }
  if (config.boolean("use_bidirectional_attention", false)) {
    config.fail("use_bidirectional_attention is not supported: tokens see those before them only",
                ErrorCode::kUnsupported);
  }
}

void read_layer_types(const CheckpointConfigReader& config, DecoderConfig& decoder) {
  const std::vector<std::string> types = config.texts("layer_types");
  if (types.empty()) {
    const std::size_t pattern = config.optional_size(
        "sliding_window_pattern", config.optional_size("_sliding_window_pattern", kGemma3Pattern));
    if (pattern == 0) config.fail("sliding_window_pattern is 0");
    set_gemma3_pattern(decoder, pattern);
    return;
  }
  if (types.size() != decoder.layers) {
    config.fail("layer_types has " + std::to_string(types.size()) + " entries, but there are " +
                std::to_string(decoder.layers) + " layers");
  }
  decoder.local_layers.clear();
  for (const std::string& type : types) {
    if (type != "sliding_attention" && type != "full_attention") {
      config.fail("layer_types has \"" + type +
                      "\", which is not supported; supported are sliding_attention and full_attention",
                  ErrorCode::kUnsupported);
    }
    decoder.local_layers.push_back(type == "sliding_attention");
  }
}

void read_local_rope(const CheckpointConfigReader& config, DecoderConfig& decoder) {
  const CheckpointConfigReader rope = config.object({"rope_parameters"}).object({"sliding_attention"});
  const double theta = rope.number("rope_theta", config.number("rope_local_base_freq", kGemma3LocalTheta));
  if (!(theta > 1)) config.fail("rope_local_base_freq must be above 1");
  if (const std::string type = rope.text("rope_type"); !type.empty() && type != "default") {
    rope.fail("RoPE scaling of type \"" + type + "\" is not supported for sliding_attention",
              ErrorCode::kUnsupported);
  }
  decoder.local_rope_inv_freq = rope_frequencies(decoder.head_dim, theta);
}

}  // namespace

void set_gemma3_parts(DecoderConfig& decoder) {
  decoder.qk_norm = true;
  decoder.post_norms = true;
  decoder.activation = "gelu_tanh";
  // The models were trained with the factor in bf16.
  const auto factor = static_cast<float>(std::sqrt(static_cast<double>(decoder.hidden)));
  decoder.embedding_scale = static_cast<double>(base::bf16_to_f32(base::f32_to_bf16(factor)));
}

void set_gemma3_pattern(DecoderConfig& decoder, std::size_t pattern) {
  decoder.local_layers.clear();
  for (std::size_t layer = 0; layer < decoder.layers; ++layer) {
    decoder.local_layers.push_back((layer + 1) % pattern != 0);
  }
}

void set_gemma3_query_scalar(DecoderConfig& decoder, double scalar) {
  decoder.query_scale = std::sqrt(static_cast<double>(decoder.head_dim) / scalar);
}

void set_gemma3_sizes(DecoderConfig& decoder) {
  decoder.heads = 8;
  decoder.kv_heads = 4;
  decoder.head_dim = 256;
  decoder.vocabulary = 262208;
  decoder.max_positions = 131072;
}

void read_gemma3(const CheckpointConfigReader& config, DecoderConfig& decoder) {
  constexpr std::size_t kWindow = 4096;
  constexpr double kQueryScalar = 256;
  refuse_other_parts(config);
  set_gemma3_parts(decoder);
  decoder.gains_from_one = true;
  decoder.window = config.optional_size("sliding_window", kWindow);
  if (decoder.window == 0) config.fail("sliding_window is 0");
  const double scalar = config.number("query_pre_attn_scalar", kQueryScalar);
  if (!(scalar > 0)) config.fail("query_pre_attn_scalar must be above 0");
  set_gemma3_query_scalar(decoder, scalar);
  read_layer_types(config, decoder);
  read_local_rope(config, decoder);
}

}  // namespace axllama::compiler
