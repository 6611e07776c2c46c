#include "compiler/decoder_config.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "compiler/checkpoint_config_reader.h"
#include "compiler/gemma3.h"
#include "compiler/rope.h"

namespace axllama::compiler {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kSupported = "qwen3, qwen2, llama, smollm3, phi3, minicpm and gemma3";
constexpr double kDefaultTheta = 10000;
constexpr const char* kGemma3 = "gemma3";

/// The part of a head that rotates.
std::size_t rotary_size(const CheckpointConfigReader& config, std::size_t head_dim) {
  const double share = config.number("partial_rotary_factor", 1);
  if (!(share > 0 && share <= 1)) config.fail("partial_rotary_factor must be above 0 and at most 1");
  const auto size = static_cast<std::size_t>(share * static_cast<double>(head_dim));
  if (size == 0 || size % 2 != 0) {
    config.fail("partial_rotary_factor rotates " + std::to_string(size) +
                " values of a head, expected an even number");
  }
  return size;
}

void read_longrope(const CheckpointConfigReader& config, const CheckpointConfigReader& scaling,
                   std::size_t max_context, DecoderConfig& decoder) {
  const auto positions = static_cast<double>(config.size("max_position_embeddings"));
  // Either object may say how long the model was trained for.
  const double original = scaling.number("original_max_position_embeddings",
                                         config.number("original_max_position_embeddings", positions));
  if (!(original > 1)) config.fail("original_max_position_embeddings must be above 1");
  const char* factors = static_cast<double>(max_context) > original ? "long_factor" : "short_factor";
  const std::string what = config.file() + ": " + factors;
  divide_frequencies(decoder.rope_inv_freq, scaling.numbers(factors), what.c_str());
  const double factor = scaling.number("factor", positions / original);
  decoder.rope_attention_factor =
      scaling.number("attention_factor", longrope_attention_factor(original * factor, original));
}

/// Where RoPE's parameters stand; some files have them for each type of layer.
CheckpointConfigReader rope_parameters(const CheckpointConfigReader& config) {
  const CheckpointConfigReader parameters = config.object({"rope_parameters", "rope_scaling"});
  return parameters.has_object("full_attention") ? parameters.object({"full_attention"}) : parameters;
}

void read_rope(const CheckpointConfigReader& config, double default_theta, std::size_t max_context,
               DecoderConfig& decoder) {
  const CheckpointConfigReader scaling = rope_parameters(config);
  const double theta = scaling.number("rope_theta", config.number("rope_theta", default_theta));
  if (!(theta > 1)) config.fail("rope_theta must be above 1");
  decoder.rope_inv_freq = rope_frequencies(rotary_size(config, decoder.head_dim), theta);
  std::string type = scaling.text("rope_type");
  if (type.empty()) type = scaling.text("type");
  if (type.empty() || type == "default") return;
  const double factor = scaling.number("factor", 1);
  if (!(factor > 0)) scaling.fail("factor must be above 0");
  if (type == "llama3") {
    Llama3Scaling llama3;
    llama3.factor = factor;
    llama3.low_freq_factor = scaling.number("low_freq_factor", llama3.low_freq_factor);
    llama3.high_freq_factor = scaling.number("high_freq_factor", llama3.high_freq_factor);
    llama3.original_positions = scaling.number("original_max_position_embeddings", llama3.original_positions);
    if (llama3.high_freq_factor <= llama3.low_freq_factor)
      scaling.fail("high_freq_factor must exceed low_freq_factor");
    scale_llama3(decoder.rope_inv_freq, llama3);
  } else if (type == "linear") {
    for (float& frequency : decoder.rope_inv_freq) {
      frequency = static_cast<float>(static_cast<double>(frequency) / factor);
    }
  } else if (type == "longrope" || type == "su") {
    read_longrope(config, scaling, max_context, decoder);
  } else {
    scaling.fail("RoPE scaling of type \"" + type +
                     "\" is not supported; supported are default, linear, llama3 and longrope",
                 ErrorCode::kUnsupported);
  }
}

void read_sizes(const CheckpointConfigReader& config, DecoderConfig& decoder) {
  decoder.layers = config.size("num_hidden_layers");
  decoder.hidden = config.size("hidden_size");
  decoder.intermediate = config.size("intermediate_size");
  if (decoder.architecture == kGemma3) {
    set_gemma3_sizes(decoder);
    decoder.heads = config.optional_size("num_attention_heads", decoder.heads);
    decoder.kv_heads = config.optional_size("num_key_value_heads", decoder.kv_heads);
    decoder.head_dim = config.optional_size("head_dim", decoder.head_dim);
    decoder.vocabulary = config.optional_size("vocab_size", decoder.vocabulary);
    decoder.max_positions = config.optional_size("max_position_embeddings", decoder.max_positions);
  } else {
    decoder.heads = config.size("num_attention_heads");
    decoder.kv_heads = config.optional_size("num_key_value_heads", decoder.heads);
    decoder.head_dim = config.optional_size("head_dim", decoder.hidden / decoder.heads);
    decoder.vocabulary = config.size("vocab_size");
    decoder.max_positions = config.size("max_position_embeddings");
  }
  decoder.rms_eps = config.number("rms_norm_eps", decoder.rms_eps);
}

/// What must be off, because leaving it out would give another model.
void refuse_unknown_parts(const CheckpointConfigReader& config, const DecoderConfig& decoder) {
  const std::string activation = config.text("hidden_act");
  if (decoder.architecture != kGemma3 && !activation.empty() && activation != "silu") {
    config.fail("the activation \"" + activation + "\" is not supported; supported is silu",
                ErrorCode::kUnsupported);
  }
  if (config.boolean("mlp_bias", false)) config.fail("mlp_bias is not supported", ErrorCode::kUnsupported);
  if (!decoder.qkv_bias && config.boolean("attention_bias", false)) {
    config.fail("attention_bias is not supported for " + decoder.architecture, ErrorCode::kUnsupported);
  }
  if (config.boolean("use_sliding_window", false)) {
    config.fail("use_sliding_window is not supported", ErrorCode::kUnsupported);
  }
}

void read_smollm3(const CheckpointConfigReader& config, DecoderConfig& decoder) {
  const std::vector<double> with_rope = config.numbers("no_rope_layers");  // 1 where the layer has RoPE
  const std::size_t interval = config.optional_size("no_rope_layer_interval", 4);
  if (!with_rope.empty() && with_rope.size() != decoder.layers) {
    config.fail("no_rope_layers has " + std::to_string(with_rope.size()) + " entries, but there are " +
                std::to_string(decoder.layers) + " layers");
  }
  if (interval == 0) config.fail("no_rope_layer_interval is 0");
  for (std::size_t layer = 0; layer < decoder.layers; ++layer) {
    decoder.layers_without_rope.push_back(with_rope.empty() ? (layer + 1) % interval == 0
                                                            : with_rope[layer] == 0);
  }
}

void read_phi3(const CheckpointConfigReader& config, DecoderConfig& decoder) {
  decoder.fused_projections = true;
  // Every layer looks back over the window only; up to there it is ordinary attention.
  const std::size_t window = config.optional_size("sliding_window", decoder.max_positions);
  decoder.max_positions = std::min(decoder.max_positions, window);
}

void read_minicpm(const CheckpointConfigReader& config, DecoderConfig& decoder) {
  decoder.embedding_scale = config.number("scale_emb", 1);
  decoder.residual_scale = config.number("scale_depth", 1) / std::sqrt(static_cast<double>(decoder.layers));
  const double base = config.number("dim_model_base", static_cast<double>(decoder.hidden));
  decoder.logit_scale = base / static_cast<double>(decoder.hidden);
  if (config.optional_size("num_experts", 0) != 0)
    config.fail("experts are not supported", ErrorCode::kUnsupported);
  // Trained sparse attention begins beyond this length; up to there it is ordinary attention.
  const std::size_t dense =
      config.object({"sparse_config"}).optional_size("dense_len", decoder.max_positions);
  decoder.max_positions = std::min(decoder.max_positions, dense);
}

}  // namespace

std::uint64_t DecoderConfig::parameters() const noexcept {
  const std::uint64_t attention = std::uint64_t{hidden} * head_dim * (2 * heads + 2 * kv_heads);
  const std::uint64_t mlp = std::uint64_t{3} * hidden * intermediate;
  const std::uint64_t norms = std::uint64_t{post_norms ? 4U : 2U} * hidden + (qk_norm ? 2 * head_dim : 0);
  const std::uint64_t biases = qkv_bias ? head_dim * (heads + 2 * kv_heads) : 0;
  const std::uint64_t table = std::uint64_t{vocabulary} * hidden;
  return layers * (attention + mlp + norms + biases) + hidden + table * (tied_embeddings ? 1 : 2);
}

void throw_unsupported_architecture(const std::string& file, const std::string& architecture) {
  throw Error(ErrorCode::kUnsupported, file + ": the architecture \"" + architecture +
                                           "\" is not supported; supported are " + kSupported);
}

void check_decoder_config(const DecoderConfig& config, const std::string& file) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::kInvalidArgument, file + ": " + what);
  };
  if (config.kv_heads == 0 || config.heads % config.kv_heads != 0) {
    fail(std::to_string(config.heads) + " attention heads are no multiple of " +
         std::to_string(config.kv_heads) + " key and value heads");
  }
  if (config.head_dim == 0 || config.head_dim % 2 != 0) {
    fail("head_dim " + std::to_string(config.head_dim) + " must be an even number above 0");
  }
  if (!(config.rms_eps >= 0 && config.rms_eps < 1)) {
    fail("the norms' epsilon " + std::to_string(config.rms_eps) + " must be in [0, 1)");
  }
}

void check_rotation(const DecoderConfig& config, const std::string& file) {
  if (2 * config.rope_inv_freq.size() < config.head_dim && (config.qk_norm || config.qkv_bias)) {
    throw Error(ErrorCode::kUnsupported, file + ": " + std::to_string(2 * config.rope_inv_freq.size()) +
                                             " of " + std::to_string(config.head_dim) +
                                             " values of a head rotate, which is not supported for " +
                                             config.architecture);
  }
}

DecoderConfig read_decoder_config(const std::filesystem::path& file, std::size_t max_context) {
  const CheckpointConfigReader document(file);
  DecoderConfig decoder;
  decoder.architecture = document.text("model_type");
  // Models that see images as well keep the language model's part apart.
  const bool has_vision = decoder.architecture == kGemma3 && document.has_object("text_config");
  const CheckpointConfigReader config = has_vision ? document.object({"text_config"}) : document;
  if (decoder.architecture == "gemma3_text") decoder.architecture = kGemma3;
  const auto is = [&](const char* name) { return decoder.architecture == name; };
  if (!is("qwen3") && !is("qwen2") && !is("llama") && !is("smollm3") && !is("phi3") && !is("minicpm") &&
      !is(kGemma3)) {
    throw_unsupported_architecture(file.string(), decoder.architecture);
  }
  decoder.qk_norm = is("qwen3");
  decoder.qkv_bias = is("qwen2");
  refuse_unknown_parts(config, decoder);
  read_sizes(config, decoder);
  // Absent keys mean the family's own default.
  decoder.tied_embeddings =
      config.boolean("tie_word_embeddings", is("smollm3") || is("minicpm") || is(kGemma3));
  if (is("smollm3")) read_smollm3(config, decoder);
  if (is("phi3")) read_phi3(config, decoder);
  if (is("minicpm")) read_minicpm(config, decoder);
  check_decoder_config(decoder, file.string());
  if (is(kGemma3)) read_gemma3(config, decoder);
  read_rope(config, is(kGemma3) ? kGemma3Theta : kDefaultTheta, max_context, decoder);
  check_rotation(decoder, file.string());
  return decoder;
}

}  // namespace axllama::compiler
