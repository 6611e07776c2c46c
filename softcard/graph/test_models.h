#pragma once

// Small random models for tests: the image a program loads, and the same weights as doubles for a reference
// in plain loops.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bfloat16.h"
#include "softcard/format.h"
#include "softcard/weights/testing/random_matrix.h"

namespace axllama::softcard::testing {

/// Collects tensors and metadata into the bytes of a safetensors file.
class ImageBuilder {
 public:
  void add(const std::string& name, const std::string& dtype, const std::vector<std::size_t>& shape,
           const void* data, std::size_t bytes) {
    header_[name] = {
        {"dtype", dtype}, {"shape", shape}, {"data_offsets", {data_.size(), data_.size() + bytes}}};
    const auto* begin = static_cast<const std::byte*>(data);
    data_.insert(data_.end(), begin, begin + bytes);
  }
  void add_f32(const std::string& name, const std::vector<float>& values) {
    add(name, "F32", {values.size()}, values.data(), values.size() * sizeof(float));
  }
  void set_program(std::string_view program, const nlohmann::json& config) {
    header_["__metadata__"] = {{std::string(kFormatKey), std::string(kFormatVersion)},
                               {std::string(kProgramKey), std::string(program)},
                               {std::string(kConfigKey), config.dump()}};
  }
  nlohmann::json& header() { return header_; }
  std::vector<std::byte> image() const {
    const std::string header = header_.dump();
    std::vector<std::byte> bytes(8 + header.size() + data_.size());
    for (std::size_t i = 0; i < 8; ++i) {
      bytes[i] = static_cast<std::byte>((static_cast<std::uint64_t>(header.size()) >> (8 * i)) & 0xFFU);
    }
    std::memcpy(bytes.data() + 8, header.data(), header.size());
    std::memcpy(bytes.data() + 8 + header.size(), data_.data(), data_.size());
    return bytes;
  }

 private:
  nlohmann::json header_ = nlohmann::json::object();
  std::vector<std::byte> data_;
};

struct LayerShape {
  std::size_t hidden = 64;
  std::size_t heads = 4;
  std::size_t kv_heads = 2;
  std::size_t head_dim = 16;
  std::size_t intermediate = 96;
  std::string weights = "row-major bf16";
  bool qk_norm = true;
  bool bias = false;
  bool post_norms = false;
  std::string activation = "silu";
  std::size_t window = 0;
  std::size_t slots = 80;
  nlohmann::json groups = nlohmann::json::array();  // a decode group of `slots` when empty
};

/// A random matrix [rows, columns] of a kind of weight_kind.h as doubles with values of deviation near 1 /
/// sqrt(columns), added to an image: packed, or row-major for "row-major bf16".
inline std::vector<double> add_random_projection(ImageBuilder& builder, const std::string& name,
                                                 std::size_t rows, std::size_t columns,
                                                 const std::string& weights, std::mt19937& random) {
  std::vector<double> values(rows * columns);
  const float spread = 1.0F / std::sqrt(static_cast<float>(columns));
  if (weights == "row-major bf16") {
    std::normal_distribution<float> normal(0.0F, spread);
    std::vector<base::Bf16> bits(rows * columns);
    for (std::size_t i = 0; i < bits.size(); ++i) {
      bits[i] = base::f32_to_bf16(normal(random));
      values[i] = static_cast<double>(base::bf16_to_f32(bits[i]));
    }
    builder.add(name, "BF16", {rows, columns}, bits.data(), bits.size() * sizeof(base::Bf16));
    return values;
  }
  const RandomMatrix matrix = random_matrix(*find_weight_kind(weights), rows, columns, spread, random);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = matrix.at(i / columns, i % columns);
  builder.add(name, "U8", {matrix.layout.blocks(), matrix.layout.block_bytes()}, matrix.packed.data(),
              matrix.packed.size());
  return values;
}

struct RandomLayer {
  LayerShape shape;
  ImageBuilder builder;
  std::map<std::string, std::vector<double>> tensors;

  explicit RandomLayer(LayerShape layer_shape, unsigned seed = 1) : shape(std::move(layer_shape)) {
    std::mt19937 random(seed);
    const std::size_t query = shape.heads * shape.head_dim;
    const std::size_t kv = shape.kv_heads * shape.head_dim;
    add_vector("attn_norm", shape.hidden, 1.0F, 0.2F, random);
    add_vector("mlp_norm", shape.hidden, 1.0F, 0.2F, random);
    if (shape.qk_norm) {
      add_vector("q_norm", shape.head_dim, 1.0F, 0.2F, random);
      add_vector("k_norm", shape.head_dim, 1.0F, 0.2F, random);
    }
    if (shape.post_norms) {
      add_vector("attn_post_norm", shape.hidden, 1.0F, 0.2F, random);
      add_vector("mlp_post_norm", shape.hidden, 1.0F, 0.2F, random);
    }
    if (shape.bias) {
      add_vector("q_proj.bias", query, 0.0F, 0.5F, random);
      add_vector("k_proj.bias", kv, 0.0F, 0.5F, random);
      add_vector("v_proj.bias", kv, 0.0F, 0.5F, random);
    }
    std::vector<float> frequencies(shape.head_dim / 2);
    for (std::size_t i = 0; i < frequencies.size(); ++i) {
      frequencies[i] = std::pow(10000.0F, -2.0F * static_cast<float>(i) / static_cast<float>(shape.head_dim));
    }
    add_floats("rope_inv_freq", frequencies);
    add_projection("q_proj", query, shape.hidden, random);
    add_projection("k_proj", kv, shape.hidden, random);
    add_projection("v_proj", kv, shape.hidden, random);
    add_projection("o_proj", shape.hidden, query, random);
    add_projection("gate_proj", shape.intermediate, shape.hidden, random);
    add_projection("up_proj", shape.intermediate, shape.hidden, random);
    add_projection("down_proj", shape.hidden, shape.intermediate, random);
    if (shape.groups.empty()) shape.groups.push_back({{"kind", "decode"}, {"slots", shape.slots}});
    builder.set_program(kLayerProgram, config());
  }

  nlohmann::json config() const {
    nlohmann::json packed = nlohmann::json::object();
    if (shape.weights != "row-major bf16") {
      for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}) {
        packed[name] = shape.weights;
      }
    }
    nlohmann::json config = {{"packed", packed},
                             {"hidden", shape.hidden},
                             {"heads", shape.heads},
                             {"kv_heads", shape.kv_heads},
                             {"head_dim", shape.head_dim},
                             {"intermediate", shape.intermediate},
                             {"rms_eps", 1e-6},
                             {"weights", shape.weights},
                             {"qk_norm", shape.qk_norm},
                             {"activation", shape.activation},
                             {"compiler", "test 1"},
                             {"groups", shape.groups}};
    if (shape.window != 0) config[kWindowField] = shape.window;
    return config;
  }

 private:
  void add_floats(const std::string& name, const std::vector<float>& values) {
    builder.add_f32(name, values);
    tensors[name].assign(values.begin(), values.end());
  }
  void add_vector(const std::string& name, std::size_t count, float mean, float spread,
                  std::mt19937& random) {
    std::normal_distribution<float> normal(mean, spread);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random);
    add_floats(name, values);
  }
  void add_projection(const std::string& name, std::size_t rows, std::size_t columns, std::mt19937& random) {
    tensors[name] = add_random_projection(builder, name, rows, columns, shape.weights, random);
  }
};

}  // namespace axllama::softcard::testing
