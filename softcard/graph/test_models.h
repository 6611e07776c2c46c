#pragma once

// Small random models for tests: the image a program loads, and the same weights as doubles for a reference
// in plain loops.

#include <bit>
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
  std::string weights = "bf16";
  bool qk_norm = true;
  bool bias = false;
  std::size_t slots = 80;
  nlohmann::json groups = nlohmann::json::array();  // a decode group of `slots` when empty
};

/// The bits of a normal f16 number, mantissa bits beyond f16's cut off.
inline std::uint16_t f16_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t exponent = (bits >> 23U & 0xFFU) - 112U;
  return static_cast<std::uint16_t>((bits >> 16U & 0x8000U) | exponent << 10U | (bits >> 13U & 0x3FFU));
}
inline float f16_value(std::uint16_t bits) {
  const float size = std::ldexp(static_cast<float>((bits & 0x3FF) + 1024), ((bits >> 10) & 31) - 25);
  return (bits & 0x8000) != 0 ? -size : size;
}

/// Weight kinds of the tests: "bf16"; "s8" with a scale per row; "s8/32", "s4/32", "s4/128" with a scale per
/// group; "s4/32+min" with a minimum too.
struct WeightKind {
  bool s8 = false;
  bool s4 = false;
  std::size_t group = 0;
  bool minimum = false;

  explicit WeightKind(const std::string& text)
      : s8(text.starts_with("s8")), s4(text.starts_with("s4")), minimum(text.ends_with("+min")) {
    if (const auto slash = text.find('/'); slash != std::string::npos)
      group = std::stoul(text.substr(slash + 1));
  }
};

/// A random matrix [rows, columns] as doubles with values of deviation near 1 / sqrt(columns), added to an
/// image.
inline std::vector<double> add_random_projection(ImageBuilder& builder, const std::string& name,
                                                 std::size_t rows, std::size_t columns,
                                                 const std::string& weights, std::mt19937& random) {
  const WeightKind kind(weights);
  std::vector<double> values(rows * columns);
  const float spread = 1.0F / std::sqrt(static_cast<float>(columns));
  if (!kind.s8 && !kind.s4) {
    std::normal_distribution<float> normal(0.0F, spread);
    std::vector<base::Bf16> bits(rows * columns);
    for (std::size_t i = 0; i < bits.size(); ++i) {
      bits[i] = base::f32_to_bf16(normal(random));
      values[i] = static_cast<double>(base::bf16_to_f32(bits[i]));
    }
    builder.add(name, "BF16", {rows, columns}, bits.data(), bits.size() * sizeof(base::Bf16));
    return values;
  }
  const int levels = kind.s8 ? 255 : 15;                 // -127..127 or -7..7
  const float unit = spread / (kind.s8 ? 73.0F : 4.3F);  // the deviations of q
  std::vector<std::uint8_t> data(rows * columns / (kind.s8 ? 1 : 2));
  std::vector<float> row_scales(rows);
  std::vector<std::uint16_t> scales;
  std::vector<std::uint16_t> minimums;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t row = i / columns;
    const float factor = 0.4F + 0.2F * static_cast<float>(random() % 7);
    double scale = static_cast<double>(row_scales[row]);
    double minimum = 0;
    if (kind.group == 0 && i % columns == 0) scale = static_cast<double>(row_scales[row] = unit * factor);
    if (kind.group != 0) {
      if (i % kind.group == 0) {
        scales.push_back(f16_bits(unit * factor));
        minimums.push_back(f16_bits(unit * (factor - 1.05F)));
      }
      scale = static_cast<double>(f16_value(scales.back()));
      if (kind.minimum) minimum = static_cast<double>(f16_value(minimums.back()));
    }
    const int q = static_cast<int>(random() % static_cast<unsigned>(levels)) - levels / 2;
    values[i] = q * scale + minimum;
    if (kind.s8) {
      data[i] = static_cast<std::uint8_t>(q);
    } else {
      data[i / 2] = static_cast<std::uint8_t>(data[i / 2] | (q + 8) << (i % 2 * 4));
    }
  }
  builder.add(name, kind.s8 ? "I8" : "U8", {rows, kind.s8 ? columns : columns / 2}, data.data(), data.size());
  const std::string scale_name = name + std::string(kScaleSuffix);
  if (kind.group == 0) {
    builder.add_f32(scale_name, row_scales);
    return values;
  }
  const std::vector<std::size_t> shape = {rows, columns / kind.group};
  builder.add(scale_name, "F16", shape, scales.data(), scales.size() * 2);
  if (kind.minimum)
    builder.add(name + std::string(kMinimumSuffix), "F16", shape, minimums.data(), minimums.size() * 2);
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
    return {{"hidden", shape.hidden},
            {"heads", shape.heads},
            {"kv_heads", shape.kv_heads},
            {"head_dim", shape.head_dim},
            {"intermediate", shape.intermediate},
            {"rms_eps", 1e-6},
            {"weights", shape.weights},
            {"qk_norm", shape.qk_norm},
            {"activation", "silu"},
            {"compiler", "test 1"},
            {"groups", shape.groups}};
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
