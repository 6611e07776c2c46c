#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bfloat16.h"
#include "base/safetensors.h"
#include "compiler/random_shapes.h"
#include "tests/support/temporary_folder.h"

namespace axllama::compiler::testing {

using axllama::testing::TemporaryFolder;

/// A small Hugging Face checkpoint whose values come from a seed; every part can be changed before write().
class Checkpoint {
 public:
  struct Tensor {
    std::string dtype = "BF16";
    std::vector<std::int64_t> shape;
    std::vector<float> values;
  };

  static constexpr std::int64_t kHidden = 32;
  static constexpr std::int64_t kHeads = 4;
  static constexpr std::int64_t kKvHeads = 2;
  static constexpr std::int64_t kHeadDim = 8;
  static constexpr std::int64_t kIntermediate = 48;
  static constexpr std::int64_t kVocabulary = 320;
  static constexpr std::int64_t kLayers = 2;

  nlohmann::json config;
  std::map<std::string, Tensor> tensors;

  /// "qwen3" (tied, q and k norms), "qwen2" (untied, biases), "llama" (tied) or "gemma3_text" (tied, q and k
  /// norms, norms behind attention and MLP; the first layer has a window, the second has not).
  explicit Checkpoint(const std::string& architecture = "qwen3") {
    config = {{"model_type", architecture},
              {"hidden_size", kHidden},
              {"num_attention_heads", kHeads},
              {"num_key_value_heads", kKvHeads},
              {"head_dim", kHeadDim},
              {"intermediate_size", kIntermediate},
              {"vocab_size", kVocabulary},
              {"num_hidden_layers", kLayers},
              {"max_position_embeddings", 4096},
              {"rms_norm_eps", 1e-6},
              {"rope_theta", 10000.0},
              {"hidden_act", "silu"},
              {"tie_word_embeddings", architecture != "qwen2"}};
    const bool biased = architecture == "qwen2";
    const bool gemma3 = architecture == "gemma3_text";
    if (gemma3) {
      config.erase("hidden_act");
      config.erase("tie_word_embeddings");
      config.update({{"hidden_activation", "gelu_pytorch_tanh"},
                     {"query_pre_attn_scalar", 2},
                     {"sliding_window", 512},
                     {"sliding_window_pattern", 2},
                     {"rope_theta", 1000000.0},
                     {"rope_local_base_freq", 10000.0}});
    }
    add("model.embed_tokens.weight", {kVocabulary, kHidden});
    if (biased) add("lm_head.weight", {kVocabulary, kHidden});
    add("model.norm.weight", {kHidden});
    for (std::int64_t layer = 0; layer < kLayers; ++layer) {
      const std::string prefix = "model.layers." + std::to_string(layer) + ".";
      for (const auto& [name, rows] : {std::pair<const char*, std::int64_t>{"q", kHeads * kHeadDim},
                                       {"k", kKvHeads * kHeadDim},
                                       {"v", kKvHeads * kHeadDim}}) {
        add(prefix + "self_attn." + name + "_proj.weight", {rows, kHidden});
        if (biased) add(prefix + "self_attn." + name + "_proj.bias", {rows});
      }
      add(prefix + "self_attn.o_proj.weight", {kHidden, kHeads * kHeadDim});
      if (architecture == "qwen3" || gemma3) {
        add(prefix + "self_attn.q_norm.weight", {kHeadDim});
        add(prefix + "self_attn.k_norm.weight", {kHeadDim});
      }
      add(prefix + "input_layernorm.weight", {kHidden});
      add(prefix + "post_attention_layernorm.weight", {kHidden});
      if (gemma3) {
        add(prefix + "pre_feedforward_layernorm.weight", {kHidden});
        add(prefix + "post_feedforward_layernorm.weight", {kHidden});
      }
      add(prefix + "mlp.gate_proj.weight", {kIntermediate, kHidden});
      add(prefix + "mlp.up_proj.weight", {kIntermediate, kHidden});
      add(prefix + "mlp.down_proj.weight", {kHidden, kIntermediate});
    }
  }

  /// A tensor of values that bf16 represents.
  void add(const std::string& name, std::vector<std::int64_t> shape) {
    Tensor tensor{"BF16", std::move(shape), {}};
    std::int64_t count = 1;
    for (const std::int64_t dim : tensor.shape) count *= dim;
    for (std::int64_t i = 0; i < count; ++i) {
      const float value = static_cast<float>(static_cast<std::int32_t>(random_() % 255U) - 127) / 128.0F;
      tensor.values.push_back(value);
    }
    tensors[name] = std::move(tensor);
  }

  void write(const std::filesystem::path& folder) const {
    write_companions(folder);
    write_tensors(folder / "model.safetensors", [](const std::string&) { return true; });
  }
  /// As write(), in two files with an index.
  void write_sharded(const std::filesystem::path& folder) const {
    write_companions(folder);
    const auto first = [](const std::string& name) { return name.find("layers.0") != std::string::npos; };
    const std::string files[] = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
    write_tensors(folder / files[0], first);
    write_tensors(folder / files[1], [&](const std::string& name) { return !first(name); });
    nlohmann::json map;
    for (const auto& [name, tensor] : tensors) map[name] = files[first(name) ? 0 : 1];
    std::ofstream(folder / "model.safetensors.index.json") << nlohmann::json{{"weight_map", map}};
  }

 private:
  void write_companions(const std::filesystem::path& folder) const {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "config.json") << config;
    std::ofstream(folder / "tokenizer.json") << random_tokenizer_json(kVocabulary);
    std::ofstream(folder / "tokenizer_config.json") << random_tokenizer_config_json();
    std::ofstream(folder / "generation_config.json")
        << R"({"do_sample": true, "temperature": 0.6, "top_k": 20})";
    std::ofstream(folder / "chat_template.jinja") << "{{ messages[0].content }}";
    std::ofstream(folder / "notes.txt") << "not a part of the model";
  }

  template <typename Predicate>
  void write_tensors(const std::filesystem::path& file, Predicate wanted) const {
    std::vector<base::SafetensorsEntry> entries;
    std::vector<std::vector<std::byte>> buffers;
    buffers.reserve(tensors.size());
    for (const auto& [name, tensor] : tensors) {
      if (!wanted(name)) continue;
      buffers.push_back(encode(tensor));
      entries.push_back({name, tensor.dtype, tensor.shape, buffers.back()});
    }
    base::write_safetensors(file, {}, entries);
  }

  static std::vector<std::byte> encode(const Tensor& tensor) {
    std::vector<std::byte> bytes;
    const auto append = [&](auto value) {
      const auto raw = std::as_bytes(std::span(&value, 1));
      bytes.insert(bytes.end(), raw.begin(), raw.end());
    };
    for (const float value : tensor.values) {
      if (tensor.dtype == "F32") {
        append(value);
      } else if (tensor.dtype == "F16") {
        append(half(value));
      } else if (tensor.dtype == "BF16") {
        append(base::f32_to_bf16(value));
      } else {
        append(static_cast<std::int8_t>(value));
      }
    }
    return bytes;
  }

  /// binary16 of a value it represents exactly and normally.
  static std::uint16_t half(float value) {
    if (value == 0.0F) return 0;
    int exponent = 0;
    const float fraction = std::frexp(std::abs(value), &exponent);  // [0.5, 1)
    const auto mantissa = static_cast<std::uint16_t>((fraction * 2.0F - 1.0F) * 1024.0F);
    return static_cast<std::uint16_t>((value < 0.0F ? 0x8000U : 0U) |
                                      (static_cast<unsigned>(exponent + 14) << 10U) | mantissa);
  }

  std::mt19937 random_{7};
};

}  // namespace axllama::compiler::testing
