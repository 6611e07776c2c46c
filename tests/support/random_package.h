#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bfloat16.h"
#include "base/safetensors.h"
#include "softcard/format.h"

namespace axllama::testing {

/// A small random Qwen3-like model for the software card. The same description gives the same bytes.
struct RandomModel {
  std::string name = "random";
  std::size_t layers = 3;
  std::size_t hidden = 64;
  std::size_t heads = 4;
  std::size_t kv_heads = 2;
  std::size_t head_dim = 16;
  std::size_t intermediate = 128;
  std::size_t vocabulary = 320;  // at least 259
  std::size_t context = 256;
  std::size_t chunk = 64;                                  // rows of the prefill groups
  std::vector<std::size_t> histories = {0, 64, 128, 192};  // of the prefill groups
  double head_scale = 4;                                   // of the logits, roughly
  std::size_t top_logits = 0;                              // that the head gives; 0: the whole row only
  bool all_logits = true;                                  // whether the head gives the whole row
  bool returns_norm = false;                               // the head has output_norm
  std::string purpose;  // more keys of config.json: ",\"pooling\":\"mean\""
  std::uint64_t seed = 1;

  std::filesystem::path layer_file(const std::filesystem::path& folder, std::size_t layer) const {
    return folder /
           (name + "_p" + std::to_string(chunk) + "_l" + std::to_string(layer) + "_together.axmodel");
  }
  std::filesystem::path head_file(const std::filesystem::path& folder) const {
    return folder / (name + "_post.axmodel");
  }
};

/// Tokens of the random tokenizer: 0 to 255 are bytes, then these.
inline constexpr std::int32_t kRandomStart = 256;  // "<|im_start|>", special
inline constexpr std::int32_t kRandomEnd = 257;    // "<|im_end|>", special, ends the answer
inline constexpr std::int32_t kRandomThink = 258;  // "<think>", shown

namespace random_package_internal {

class Writer {
 public:
  explicit Writer(std::uint64_t seed) : engine_(seed) {}

  void bf16(const std::string& tensor, std::int64_t rows, std::int64_t columns, double scale) {
    std::vector<base::Bf16> values(static_cast<std::size_t>(rows * columns));
    for (base::Bf16& value : values) {
      value = base::f32_to_bf16(static_cast<float>(scale * uniform()));
    }
    add(tensor, "BF16", {rows, columns}, std::as_bytes(std::span(values)));
  }
  void f32(const std::string& tensor, const std::vector<float>& values) {
    add(tensor, "F32", {static_cast<std::int64_t>(values.size())}, std::as_bytes(std::span(values)));
  }
  /// Norm gains near 1.
  void gain(const std::string& tensor, std::size_t size) {
    std::vector<float> values(size);
    for (float& value : values) {
      value = static_cast<float>(1 + 0.2 * uniform());
    }
    f32(tensor, values);
  }
  void write(const std::filesystem::path& file, std::string_view program, const std::string& config) const {
    std::vector<base::SafetensorsEntry> entries;
    for (const Tensor& tensor : tensors_) {
      entries.push_back({tensor.name, tensor.dtype, tensor.shape, tensor.data});
    }
    base::write_safetensors(file,
                            {{std::string(softcard::kFormatKey), std::string(softcard::kFormatVersion)},
                             {std::string(softcard::kProgramKey), std::string(program)},
                             {std::string(softcard::kConfigKey), config}},
                            entries);
  }
  /// Uniform in [-sqrt(3), sqrt(3)): variance 1. Integer steps only, so every platform gives the same.
  double uniform() { return (static_cast<double>(engine_() >> 11U) * 0x1p-53 - 0.5) * 3.4641016151377544; }

 private:
  struct Tensor {
    std::string name, dtype;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> data;
  };
  void add(const std::string& name, const std::string& dtype, std::vector<std::int64_t> shape,
           std::span<const std::byte> data) {
    tensors_.push_back({name, dtype, std::move(shape), {data.begin(), data.end()}});
  }

  std::mt19937_64 engine_;
  std::vector<Tensor> tensors_;
};

inline std::string utf8(unsigned code_point) {
  if (code_point < 0x80) {
    return {static_cast<char>(code_point)};
  }
  return {static_cast<char>(0xC0U | (code_point >> 6U)), static_cast<char>(0x80U | (code_point & 0x3FU))};
}

/// The letter that byte-level BPE writes for each byte.
inline std::vector<std::string> byte_letters() {
  std::vector<std::string> letters(256);
  unsigned next = 256;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    letters[byte] = utf8(printable ? byte : next++);
  }
  return letters;
}

inline std::string tokenizer_json() {
  std::string vocabulary;
  const std::vector<std::string> letters = byte_letters();
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const bool escape = letters[byte] == "\"" || letters[byte] == "\\";
    vocabulary += (byte == 0 ? "\"" : ",\"") + std::string(escape ? "\\" : "") + letters[byte] +
                  "\":" + std::to_string(byte);
  }
  const auto added = [](std::int32_t id, const std::string& text, bool special) {
    return "{\"id\":" + std::to_string(id) + ",\"content\":\"" + text +
           "\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":" +
           (special ? "true}" : "false}");
  };
  return "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[" +
         added(kRandomStart, "<|im_start|>", true) + "," + added(kRandomEnd, "<|im_end|>", true) + "," +
         added(kRandomThink, "<think>", false) +
         "],\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
         "\"trim_offsets\":false,\"use_regex\":false},\"post_processor\":null,\"decoder\":{\"type\":"
         "\"ByteLevel\","
         "\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":false},\"model\":{\"type\":\"BPE\","
         "\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":\"\",\"end_of_word_suffix\":\"\","
         "\"fuse_unk\":false,\"byte_fallback\":false,\"vocab\":{" +
         vocabulary + "},\"merges\":[]}}";
}

inline void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

}  // namespace random_package_internal

/// Writes one layer file. Layers differ by their number.
inline void write_random_layer(const RandomModel& model, const std::filesystem::path& folder,
                               std::size_t layer) {
  const auto size = [](std::size_t value) { return static_cast<std::int64_t>(value); };
  const std::int64_t hidden = size(model.hidden);
  const std::int64_t q = size(model.heads * model.head_dim);
  const std::int64_t kv = size(model.kv_heads * model.head_dim);
  const std::int64_t inner = size(model.intermediate);
  const auto scale = [](std::int64_t inputs) { return 1 / std::sqrt(static_cast<double>(inputs)); };
  random_package_internal::Writer writer(model.seed * 1000 + layer + 1);
  writer.gain("attn_norm", model.hidden);
  writer.bf16("q_proj", q, hidden, scale(hidden));
  writer.bf16("k_proj", kv, hidden, scale(hidden));
  writer.bf16("v_proj", kv, hidden, scale(hidden));
  writer.bf16("o_proj", hidden, q, scale(q));
  writer.gain("q_norm", model.head_dim);
  writer.gain("k_norm", model.head_dim);
  writer.gain("mlp_norm", model.hidden);
  writer.bf16("gate_proj", inner, hidden, scale(hidden));
  writer.bf16("up_proj", inner, hidden, scale(hidden));
  writer.bf16("down_proj", hidden, inner, scale(inner));
  std::vector<float> frequencies;
  for (std::size_t i = 0; i < model.head_dim / 2; ++i) {
    frequencies.push_back(static_cast<float>(
        std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(model.head_dim))));
  }
  writer.f32("rope_inv_freq", frequencies);
  std::string groups = "{\"kind\":\"decode\",\"slots\":" + std::to_string(model.context) + "}";
  for (const std::size_t history : model.histories) {
    groups += ",{\"kind\":\"prefill\",\"rows\":" + std::to_string(model.chunk) +
              ",\"history\":" + std::to_string(history) + "}";
  }
  writer.write(model.layer_file(folder, layer), softcard::kLayerProgram,
               "{\"hidden\":" + std::to_string(hidden) + ",\"heads\":" + std::to_string(model.heads) +
                   ",\"kv_heads\":" + std::to_string(model.kv_heads) + ",\"head_dim\":" +
                   std::to_string(model.head_dim) + ",\"intermediate\":" + std::to_string(inner) +
                   ",\"rms_eps\":1e-6,\"weights\":\"bf16\",\"qk_norm\":true,\"activation\":\"silu\","
                   "\"compiler\":\"random\",\"groups\":[" +
                   groups + "]}");
}

inline void write_random_head(const RandomModel& model, const std::filesystem::path& folder) {
  random_package_internal::Writer writer(model.seed * 1000);
  writer.gain("norm", model.hidden);
  writer.bf16("lm_head", static_cast<std::int64_t>(model.vocabulary), static_cast<std::int64_t>(model.hidden),
              model.head_scale / std::sqrt(static_cast<double>(model.hidden)));
  const std::string top = model.top_logits == 0
                              ? ""
                              : ",\"post_topk\":" + std::to_string(model.top_logits) +
                                    ",\"all_logits\":" + (model.all_logits ? "true" : "false");
  writer.write(model.head_file(folder), softcard::kHeadProgram,
               "{\"hidden\":" + std::to_string(model.hidden) +
                   ",\"vocab\":" + std::to_string(model.vocabulary) + top +
                   ",\"rms_eps\":1e-6,\"weights\":\"bf16\",\"compiler\":\"random\"" +
                   (model.returns_norm ? ",\"ret_postnorm\":true}" : "}"));
}

/// Writes a whole package as vendors lay it out, with a tokenizer of bytes and three added tokens, into
/// `folder`.
inline void write_random_package(const RandomModel& model, const std::filesystem::path& folder) {
  using random_package_internal::write_text;
  std::filesystem::create_directories(folder);
  for (std::size_t layer = 0; layer < model.layers; ++layer) {
    write_random_layer(model, folder, layer);
  }
  write_random_head(model, folder);
  random_package_internal::Writer numbers(model.seed * 1000 + 999);
  std::string rows(model.vocabulary * model.hidden * sizeof(base::Bf16), '\0');
  for (std::size_t i = 0; i < rows.size(); i += sizeof(base::Bf16)) {
    const base::Bf16 bits = base::f32_to_bf16(static_cast<float>(numbers.uniform()));
    rows[i] = static_cast<char>(bits & 0xFFU);
    rows[i + 1] = static_cast<char>(bits >> 8U);
  }
  write_text(folder / "model.embed_tokens.weight.bfloat16.bin", rows);
  write_text(folder / "tokenizer.json", random_package_internal::tokenizer_json());
  write_text(
      folder / "tokenizer_config.json",
      "{\"eos_token\":\"<|im_end|>\",\"bos_token\":null,\"chat_template\":\"{% for m in messages %}"
      "<|im_start|>{{ m.role }}\\n{{ m.content }}<|im_end|>\\n{% endfor %}{% if add_generation_prompt %}"
      "<|im_start|>assistant\\n{% endif %}\"}");
  write_text(folder / "config.json",
             "{\"model_name\":\"" + model.name + "\",\"axmodel_num\":" + std::to_string(model.layers) +
                 ",\"template_filename_axmodel\":\"" + model.name + "_p" + std::to_string(model.chunk) +
                 "_l%d_together.axmodel\",\"filename_post_axmodel\":\"" + model.name +
                 "_post.axmodel\",\"filename_tokens_embed\":\"model.embed_tokens.weight.bfloat16.bin\","
                 "\"tokens_embed_num\":" +
                 std::to_string(model.vocabulary) + ",\"tokens_embed_size\":" + std::to_string(model.hidden) +
                 ",\"model_type\":\"qwen3\"" + model.purpose + "}");
}

}  // namespace axllama::testing
