#pragma once

// For tests: model files of softcard/format.h with small random weights.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/bfloat16.h"
#include "base/safetensors.h"
#include "softcard/format.h"

namespace axllama::softcard::testing {

struct TinyShape {
  std::int64_t hidden = 64;
  std::int64_t heads = 4;
  std::int64_t kv_heads = 2;
  std::int64_t head_dim = 16;
  std::int64_t intermediate = 96;
  std::int64_t vocab = 128;
  std::int64_t slots = 255;
  std::int64_t chunk = 64;

  std::int64_t kv() const { return kv_heads * head_dim; }
};

class TinyWriter {
 public:
  explicit TinyWriter(std::uint32_t seed) : random_(seed) {}

  void bf16(const std::string& name, std::vector<std::int64_t> shape) {
    auto& bytes = buffers_.emplace_back(count(shape) * sizeof(base::Bf16));
    std::normal_distribution<float> normal(0, 0.05F);
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(base::Bf16)) {
      const base::Bf16 value = base::f32_to_bf16(normal(random_));
      std::memcpy(bytes.data() + at, &value, sizeof(value));
    }
    entries_.push_back({name, "BF16", std::move(shape), bytes});
  }

  void f32(const std::string& name, const std::vector<float>& values) {
    auto& bytes = buffers_.emplace_back(values.size() * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    entries_.push_back({name, "F32", {static_cast<std::int64_t>(values.size())}, bytes});
  }

  void write(const std::filesystem::path& path, std::string_view program, const std::string& config) {
    base::write_safetensors(path,
                            {{std::string(kFormatKey), std::string(kFormatVersion)},
                             {std::string(kProgramKey), std::string(program)},
                             {std::string(kConfigKey), config}},
                            entries_);
  }

 private:
  static std::size_t count(const std::vector<std::int64_t>& shape) {
    std::size_t result = 1;
    for (const std::int64_t dim : shape) {
      result *= static_cast<std::size_t>(dim);
    }
    return result;
  }

  std::mt19937 random_;
  std::deque<std::vector<std::byte>> buffers_;
  std::vector<base::SafetensorsEntry> entries_;
};

/// A layer with a decode group of `slots` and chunk groups with history 0 and 128.
inline void write_tiny_layer(const std::filesystem::path& path, const TinyShape& s, std::uint32_t seed) {
  TinyWriter writer(seed);
  const auto hidden = static_cast<std::size_t>(s.hidden);
  const auto half = static_cast<std::size_t>(s.head_dim / 2);
  writer.f32("attn_norm", std::vector<float>(hidden, 1));
  writer.f32("mlp_norm", std::vector<float>(hidden, 1));
  std::vector<float> frequencies(half);
  for (std::size_t i = 0; i < half; ++i) {
    frequencies[i] = std::pow(10000.0F, -static_cast<float>(i) / static_cast<float>(half));
  }
  writer.f32("rope_inv_freq", frequencies);
  writer.bf16("q_proj", {s.heads * s.head_dim, s.hidden});
  writer.bf16("k_proj", {s.kv(), s.hidden});
  writer.bf16("v_proj", {s.kv(), s.hidden});
  writer.bf16("o_proj", {s.hidden, s.heads * s.head_dim});
  writer.bf16("gate_proj", {s.intermediate, s.hidden});
  writer.bf16("up_proj", {s.intermediate, s.hidden});
  writer.bf16("down_proj", {s.hidden, s.intermediate});
  const auto number = [](std::int64_t value) { return std::to_string(value); };
  const std::string chunk = R"(,{"kind":"prefill","rows":)" + number(s.chunk) + R"(,"history":)";
  writer.write(
      path, kLayerProgram,
      R"({"hidden":)" + number(s.hidden) + R"(,"heads":)" + number(s.heads) + R"(,"kv_heads":)" +
          number(s.kv_heads) + R"(,"head_dim":)" + number(s.head_dim) + R"(,"intermediate":)" +
          number(s.intermediate) +
          R"(,"rms_eps":1e-6,"weights":"bf16","qk_norm":false,"activation":"silu","compiler":"tiny 1",)" +
          R"("groups":[{"kind":"decode","slots":)" + number(s.slots) + "}" + chunk + "0}" + chunk + "128}]}");
}

inline void write_tiny_head(const std::filesystem::path& path, const TinyShape& s, std::uint32_t seed) {
  TinyWriter writer(seed);
  writer.f32("norm", std::vector<float>(static_cast<std::size_t>(s.hidden), 1));
  writer.bf16("lm_head", {s.vocab, s.hidden});
  writer.write(path, kHeadProgram,
               R"({"hidden":)" + std::to_string(s.hidden) + R"(,"vocab":)" + std::to_string(s.vocab) +
                   R"(,"rms_eps":1e-6,"weights":"bf16","compiler":"tiny 1"})");
}

}  // namespace axllama::softcard::testing
