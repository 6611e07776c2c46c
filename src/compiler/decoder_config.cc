#include "compiler/decoder_config.h"

#include <cmath>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <numbers>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace axllama::compiler {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

constexpr std::size_t kMostDimension = std::size_t{1} << 24U;

class ConfigReader {
 public:
  ConfigReader(json object, std::string file) : object_(std::move(object)), file_(std::move(file)) {}

  std::size_t size(const char* key) const {
    const auto value = optional_size(key, 0);
    if (value == 0) fail(std::string(key) + " is missing or 0");
    return value;
  }
  std::size_t optional_size(const char* key, std::size_t otherwise) const {
    const auto found = object_.find(key);
    if (found == object_.end() || found->is_null()) return otherwise;
    if (!found->is_number_integer() || found->get<std::int64_t>() < 0 ||
        found->get<std::uint64_t>() > kMostDimension) {
      fail(std::string(key) + " is " + found->dump() + ", expected a whole number up to " +
           std::to_string(kMostDimension));
    }
    return found->get<std::size_t>();
  }
  double number(const char* key, double otherwise) const { return number_in(object_, key, otherwise); }
  double number_in(const json& object, const char* key, double otherwise) const {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return otherwise;
    if (!found->is_number()) fail(std::string(key) + " is " + found->dump() + ", expected a number");
    return found->get<double>();
  }
  bool boolean(const char* key, bool otherwise) const {
    const auto found = object_.find(key);
    if (found == object_.end() || found->is_null()) return otherwise;
    if (!found->is_boolean()) fail(std::string(key) + " is " + found->dump() + ", expected true or false");
    return found->get<bool>();
  }
  std::string text(const char* key) const {
    const auto found = object_.find(key);
    return found != object_.end() && found->is_string() ? found->get<std::string>() : std::string();
  }
  /// The first of the keys that is an object, else an empty object.
  json object(std::initializer_list<const char*> keys) const {
    for (const char* key : keys) {
      if (const auto found = object_.find(key); found != object_.end() && found->is_object()) return *found;
    }
    return json::object();
  }
  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::kInvalidArgument) const {
    throw Error(code, file_ + ": " + what);
  }

 private:
  json object_;
  std::string file_;
};

/// Llama 3's scaling: long wavelengths are stretched by `factor`, short ones kept, those between blended
/// (Meta's llama-models reference code, apply_scaling).
void scale_llama3(std::vector<float>& frequencies, const ConfigReader& config, const json& scaling) {
  const double factor = config.number_in(scaling, "factor", 8);
  const double low = config.number_in(scaling, "low_freq_factor", 1);
  const double high = config.number_in(scaling, "high_freq_factor", 4);
  const double original = config.number_in(scaling, "original_max_position_embeddings", 8192);
  if (factor <= 0 || high <= low) config.fail("rope_scaling has factors that cannot be");
  for (float& frequency : frequencies) {
    const double turns = original * static_cast<double>(frequency) / (2 * std::numbers::pi);
    if (turns < low) {
      frequency = static_cast<float>(static_cast<double>(frequency) / factor);
    } else if (turns <= high) {
      const double smooth = (turns - low) / (high - low);
      frequency = static_cast<float>((1 - smooth) * static_cast<double>(frequency) / factor +
                                     smooth * static_cast<double>(frequency));
    }
  }
}

std::vector<float> read_rope(const ConfigReader& config, std::size_t head_dim) {
  const json scaling = config.object({"rope_parameters", "rope_scaling"});
  const double theta = config.number_in(scaling, "rope_theta", config.number("rope_theta", 10000));
  if (!(theta > 1)) config.fail("rope_theta must be above 1");
  std::vector<float> frequencies = rope_frequencies(head_dim, theta);
  const std::string type = scaling.value("rope_type", scaling.value("type", "default"));
  if (type == "llama3") {
    scale_llama3(frequencies, config, scaling);
  } else if (type == "linear") {
    const double factor = config.number_in(scaling, "factor", 1);
    if (factor <= 0) config.fail("rope_scaling has a factor that cannot be");
    for (float& frequency : frequencies)
      frequency = static_cast<float>(static_cast<double>(frequency) / factor);
  } else if (type != "default") {
    config.fail(
        "rope_scaling of type \"" + type + "\" is not supported; supported are default, linear and llama3",
        ErrorCode::kUnsupported);
  }
  return frequencies;
}

}  // namespace

std::uint64_t DecoderConfig::parameters() const noexcept {
  const std::uint64_t attention = std::uint64_t{hidden} * head_dim * (2 * heads + 2 * kv_heads);
  const std::uint64_t mlp = std::uint64_t{3} * hidden * intermediate;
  const std::uint64_t norms = std::uint64_t{2} * hidden + (qk_norm ? 2 * head_dim : 0);
  const std::uint64_t biases = qkv_bias ? head_dim * (heads + 2 * kv_heads) : 0;
  const std::uint64_t table = std::uint64_t{vocabulary} * hidden;
  return layers * (attention + mlp + norms + biases) + hidden + table * (tied_embeddings ? 1 : 2);
}

std::vector<float> rope_frequencies(std::size_t dim, double theta) {
  std::vector<float> frequencies(dim / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] =
        static_cast<float>(1.0 / std::pow(theta, static_cast<double>(2 * i) / static_cast<double>(dim)));
  }
  return frequencies;
}

DecoderConfig read_decoder_config(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw Error(ErrorCode::kNotFound,
                "cannot read " + file.string() + ": is the source a Hugging Face folder?");
  const std::string body{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  json parsed = json::parse(body, nullptr, false);
  if (!parsed.is_object()) throw Error(ErrorCode::kInvalidArgument, file.string() + " is not a JSON object");
  const ConfigReader config(std::move(parsed), file.string());

  DecoderConfig decoder;
  decoder.architecture = config.text("model_type");
  const bool qwen3 = decoder.architecture == "qwen3";
  const bool qwen2 = decoder.architecture == "qwen2";
  if (!qwen3 && !qwen2 && decoder.architecture != "llama") {
    config.fail("the architecture \"" + decoder.architecture +
                    "\" is not supported; supported are qwen3, qwen2 and llama",
                ErrorCode::kUnsupported);
  }
  if (const std::string activation = config.text("hidden_act"); !activation.empty() && activation != "silu") {
    config.fail("the activation \"" + activation + "\" is not supported; supported is silu",
                ErrorCode::kUnsupported);
  }
  if (config.boolean("mlp_bias", false)) config.fail("mlp_bias is not supported", ErrorCode::kUnsupported);
  if (!qwen2 && config.boolean("attention_bias", false)) {
    config.fail("attention_bias is not supported for " + decoder.architecture, ErrorCode::kUnsupported);
  }
  if (config.boolean("use_sliding_window", false)) {
    config.fail("use_sliding_window is not supported", ErrorCode::kUnsupported);
  }
  decoder.layers = config.size("num_hidden_layers");
  decoder.hidden = config.size("hidden_size");
  decoder.heads = config.size("num_attention_heads");
  decoder.kv_heads = config.optional_size("num_key_value_heads", decoder.heads);
  decoder.head_dim = config.optional_size("head_dim", decoder.hidden / decoder.heads);
  decoder.intermediate = config.size("intermediate_size");
  decoder.vocabulary = config.size("vocab_size");
  decoder.max_positions = config.size("max_position_embeddings");
  decoder.rms_eps = config.number("rms_norm_eps", decoder.rms_eps);
  decoder.tied_embeddings = config.boolean("tie_word_embeddings", false);
  decoder.qk_norm = qwen3;
  decoder.qkv_bias = qwen2;
  if (decoder.kv_heads == 0 || decoder.heads % decoder.kv_heads != 0) {
    config.fail("num_attention_heads " + std::to_string(decoder.heads) +
                " is no multiple of num_key_value_heads " + std::to_string(decoder.kv_heads));
  }
  if (decoder.head_dim == 0 || decoder.head_dim % 2 != 0) {
    config.fail("head_dim " + std::to_string(decoder.head_dim) + " must be an even number above 0");
  }
  decoder.rope_inv_freq = read_rope(config, decoder.head_dim);
  return decoder;
}

}  // namespace axllama::compiler
