#include "compiler/gguf_config.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "compiler/gemma3.h"
#include "compiler/rope.h"

namespace axllama::compiler {
namespace {

using base::Error;
using base::ErrorCode;

constexpr double kDefaultTheta = 10000;
constexpr const char* kGemma3 = "gemma3";

/// Keys below the architecture's name.
class Section {
 public:
  Section(const GgufFile& file, const std::string& architecture) : file_(file), prefix_(architecture + ".") {}

  std::size_t size(const char* key) const {
    const std::optional<std::uint64_t> value = file_.count(prefix_ + key);
    if (!value || *value == 0) fail(std::string(key) + " is missing or 0");
    return *value;
  }
  std::size_t size(const char* key, std::size_t otherwise) const {
    return file_.count(prefix_ + key).value_or(otherwise);
  }
  double number(const char* key, double otherwise) const {
    return file_.number(prefix_ + key).value_or(otherwise);
  }
  /// A list with one number for each layer; nothing when the key is absent or one number.
  std::vector<std::int64_t> list(const char* key, std::size_t layers) const {
    const GgufValue* value = file_.find(prefix_ + key);
    if (value == nullptr || !std::holds_alternative<std::vector<std::int64_t>>(*value)) return {};
    const auto& list = std::get<std::vector<std::int64_t>>(*value);
    if (list.size() != layers) {
      fail(std::string(key) + " has " + std::to_string(list.size()) + " entries, but there are " +
           std::to_string(layers) + " layers");
    }
    return list;
  }
  std::string text(const char* key) const { return file_.text(prefix_ + key).value_or(""); }
  /// A count that some files give for each layer: all layers must agree.
  std::size_t uniform(const char* key, std::size_t otherwise) const {
    const std::string full = prefix_ + key;
    const GgufValue* value = file_.find(full);
    if (value == nullptr || !std::holds_alternative<std::vector<std::int64_t>>(*value))
      return size(key, otherwise);
    const std::vector<std::int64_t>& list = std::get<std::vector<std::int64_t>>(*value);
    if (list.empty() || list[0] <= 0 ||
        std::any_of(list.begin(), list.end(), [&](auto v) { return v != list[0]; })) {
      fail(std::string(key) + " differs from layer to layer, which is not supported",
           ErrorCode::kUnsupported);
    }
    return static_cast<std::size_t>(list[0]);
  }
  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::kInvalidArgument) const {
    throw Error(code, file_.path().string() + ": " + prefix_ + what);
  }

 private:
  const GgufFile& file_;
  std::string prefix_;
};

/// Factors stored as a tensor of f32 values.
std::vector<double> read_factors(const GgufFile& file, const std::string& name) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) return {};
  const GgufTensor& tensor = found->second;
  if (tensor.type != GgmlType::kF32 || tensor.dims.size() != 1) {
    throw Error(ErrorCode::kInvalidArgument,
                file.path().string() + ": " + name + " must be a vector of F32.");
  }
  std::vector<float> values(tensor.dims[0]);
  dequantize(tensor.type, tensor.data, values);
  return {values.begin(), values.end()};
}

void read_rope(const GgufFile& file, const Section& section, std::size_t max_context,
               DecoderConfig& decoder) {
  const std::size_t rotary = section.size("rope.dimension_count", decoder.head_dim);
  if (rotary == 0 || rotary % 2 != 0 || rotary > decoder.head_dim) {
    section.fail("rope.dimension_count is " + std::to_string(rotary) + ", but a head has " +
                 std::to_string(decoder.head_dim) + " values");
  }
  const double theta =
      section.number("rope.freq_base", decoder.architecture == kGemma3
                                           ? section.number("rope.global.freq_base", kGemma3Theta)
                                           : kDefaultTheta);
  if (!(theta > 1)) section.fail("rope.freq_base must be above 1");
  decoder.rope_inv_freq = rope_frequencies(rotary, theta);
  // Llama 3's scaling arrives worked out, one divisor for each frequency.
  if (const auto factors = read_factors(file, "rope_freqs.weight"); !factors.empty()) {
    divide_frequencies(decoder.rope_inv_freq, factors, "rope_freqs.weight");
  }
  const auto positions = static_cast<double>(section.size("context_length"));
  const double original = section.number("rope.scaling.original_context_length", positions);
  const char* longrope =
      static_cast<double>(max_context) > original ? "rope_factors_long.weight" : "rope_factors_short.weight";
  if (const auto factors = read_factors(file, longrope); !factors.empty()) {
    divide_frequencies(decoder.rope_inv_freq, factors, longrope);
    decoder.rope_attention_factor =
        section.number("rope.scaling.attn_factor", longrope_attention_factor(positions, original));
    return;
  }
  const std::string type = section.text("rope.scaling.type");
  if (type == "linear" || type.empty()) {  // as llama.cpp takes it
    // Ollama's files of the large Gemma 3 models leave it out; those with the short context have none.
    constexpr double kLongContext = 131072;
    const bool gemma3_large = decoder.architecture == kGemma3 && positions >= kLongContext;
    const double factor = section.number("rope.scaling.factor", gemma3_large ? kGemma3LargeFactor : 1);
    if (!(factor > 0)) section.fail("rope.scaling.factor must be above 0");
    for (float& frequency : decoder.rope_inv_freq)
      frequency = static_cast<float>(static_cast<double>(frequency) / factor);
  } else if (type != "none") {
    section.fail(
        "rope.scaling.type \"" + type + "\" is not supported; supported are none, linear and longrope",
        ErrorCode::kUnsupported);
  }
}

/// llama.cpp's keys, and those of Ollama's own converter.
void read_gemma3(const Section& section, DecoderConfig& decoder) {
  constexpr std::size_t kLayersOf27b = 62;
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    if (section.number(key, 0) != 0) {
      section.fail(std::string(key) + " is not supported", ErrorCode::kUnsupported);
    }
  }
  set_gemma3_parts(decoder);
  // Files do not say what queries are divided by; only the largest model differs.
  if (decoder.layers == kLayersOf27b) {
    set_gemma3_query_scalar(decoder,
                            static_cast<double>(decoder.hidden) / static_cast<double>(decoder.heads));
  }
  decoder.window = section.size("attention.sliding_window");
  if (const auto local = section.list("attention.sliding_window_pattern", decoder.layers); !local.empty()) {
    for (const std::int64_t flag : local) decoder.local_layers.push_back(flag != 0);
  } else {
    const std::size_t pattern = section.size("attention.sliding_window_pattern", kGemma3Pattern);
    if (pattern == 0) section.fail("attention.sliding_window_pattern is 0");
    set_gemma3_pattern(decoder, pattern);
  }
  const double theta =
      section.number("rope.freq_base_swa", section.number("rope.local.freq_base", kGemma3LocalTheta));
  if (!(theta > 1)) section.fail("rope.freq_base_swa must be above 1");
  decoder.local_rope_inv_freq = rope_frequencies(decoder.head_dim, theta);
}

void read_family(const GgufFile& file, const Section& section, DecoderConfig& decoder) {
  const std::string& architecture = decoder.architecture;
  decoder.qk_norm = architecture == "qwen3";
  decoder.qkv_bias = architecture == "qwen2";
  if (architecture == "smollm3") {
    constexpr std::size_t kInterval = 4;  // GGUF files do not say it; every fourth layer has no RoPE
    for (std::size_t layer = 0; layer < decoder.layers; ++layer) {
      decoder.layers_without_rope.push_back((layer + 1) % kInterval == 0);
    }
  } else if (architecture == "phi3") {
    decoder.fused_projections = !file.tensors().contains("blk.0.attn_q.weight");
    const std::size_t window = section.size("attention.sliding_window", 0);
    if (window != 0) decoder.max_positions = std::min(decoder.max_positions, window);
  } else if (architecture == "minicpm") {
    decoder.embedding_scale = section.number("embedding_scale", 12);
    decoder.residual_scale =
        section.number("residual_scale", 1.4 / std::sqrt(static_cast<double>(decoder.layers)));
    const double divisor = section.number("logit_scale", static_cast<double>(decoder.hidden) / 256);
    if (!(divisor > 0)) section.fail("logit_scale must be above 0");
    decoder.logit_scale = 1 / divisor;
  } else if (architecture == kGemma3) {
    read_gemma3(section, decoder);
  } else if (architecture == "llama" && section.size("expert_count", 0) != 0) {
    section.fail(
        "expert_count is " + std::to_string(section.size("expert_count", 0)) + "; experts are not supported",
        ErrorCode::kUnsupported);
  }
}

}  // namespace

ModelUse read_gguf_use(const GgufFile& file) {
  constexpr std::uint64_t kNone = 0;
  constexpr std::uint64_t kMean = 1;
  constexpr std::uint64_t kLast = 3;
  const Section section(file, file.text("general.architecture").value_or(""));
  const std::size_t type = section.size("pooling_type", kNone);
  if (type == kNone) return {};
  if (type != kMean && type != kLast) {
    section.fail("pooling_type " + std::to_string(type) +
                     " is not supported; supported are 0 (none), 1 (mean) and 3 (last)",
                 ErrorCode::kUnsupported);
  }
  return {model::Purpose::kEmbedding, type == kMean ? model::Pooling::kMean : model::Pooling::kLast};
}

DecoderConfig read_gguf_config(const GgufFile& file, std::size_t max_context) {
  DecoderConfig decoder;
  decoder.architecture = file.text("general.architecture").value_or("");
  const std::string& name = decoder.architecture;
  if (name != "qwen3" && name != "qwen2" && name != "llama" && name != "smollm3" && name != "phi3" &&
      name != "minicpm" && name != kGemma3) {
    throw_unsupported_architecture(file.path().string(), name);
  }
  const Section section(file, name);
  decoder.layers = section.size("block_count");
  decoder.hidden = section.size("embedding_length");
  decoder.heads = section.uniform("attention.head_count", 0);
  if (decoder.heads == 0) section.fail("attention.head_count is missing or 0");
  decoder.kv_heads = section.uniform("attention.head_count_kv", decoder.heads);
  decoder.head_dim = section.size("attention.key_length", decoder.hidden / decoder.heads);
  if (const std::size_t value_dim = section.size("attention.value_length", decoder.head_dim);
      value_dim != decoder.head_dim) {
    section.fail("attention.value_length is " + std::to_string(value_dim) +
                     " and differs from the key length " + std::to_string(decoder.head_dim) +
                     ", which is not supported",
                 ErrorCode::kUnsupported);
  }
  decoder.intermediate = section.uniform("feed_forward_length", 0);
  if (decoder.intermediate == 0) section.fail("feed_forward_length is missing or 0");
  decoder.max_positions = section.size("context_length");
  decoder.rms_eps = section.number("attention.layer_norm_rms_epsilon", decoder.rms_eps);
  const auto embedding = file.tensors().find("token_embd.weight");
  if (embedding == file.tensors().end() || embedding->second.dims.size() != 2) {
    throw Error(ErrorCode::kInvalidArgument, file.path().string() + " has no matrix token_embd.weight.");
  }
  decoder.vocabulary = embedding->second.dims[1];
  decoder.tied_embeddings = !file.tensors().contains("output.weight");
  read_family(file, section, decoder);
  check_decoder_config(decoder, file.path().string());
  read_rope(file, section, max_context, decoder);
  check_rotation(decoder, file.path().string());
  return decoder;
}

}  // namespace axllama::compiler
