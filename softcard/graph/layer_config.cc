#include "softcard/graph/layer_config.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace axllama::softcard {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxGroups = 256;
constexpr std::size_t kMaxHeads = 4096;
constexpr std::size_t kMaxHeadDim = 4096;
constexpr std::size_t kMaxRows = 8192;

LayerGroup parse_group(const ProgramImage& image, const json& object) {
  if (!object.is_object()) image.fail("an entry of \"groups\" is not an object");
  const auto kind = object.find("kind");
  if (kind != object.end() && *kind == "decode") {
    return {1, image.size_field(object, "slots", kMaxDimension)};
  }
  if (kind != object.end() && *kind == "prefill") {
    const auto history = object.find("history");
    const bool none = history != object.end() && history->is_number_unsigned() && *history == 0U;
    return {image.size_field(object, "rows", kMaxRows),
            none ? 0 : image.size_field(object, "history", kMaxDimension)};
  }
  image.fail("an entry of \"groups\" has a kind other than \"decode\" and \"prefill\"");
}

Activation parse_activation(const ProgramImage& image) {
  const std::string name = image.string_field("activation");
  if (name == "silu") return Activation::kSilu;
  if (name == "gelu_tanh") return Activation::kGeluTanh;
  image.fail("the activation \"" + name + "\" is unknown, expected \"silu\" or \"gelu_tanh\"");
}

}  // namespace

std::size_t LayerConfig::most_rows() const noexcept {
  std::size_t most = 1;
  for (const LayerGroup& group : groups) most = std::max(most, group.rows);
  return most;
}

std::size_t LayerConfig::positions() const noexcept {
  std::size_t longest = 0;
  for (const LayerGroup& group : groups) longest = std::max(longest, group.history);
  return longest + most_rows();
}

LayerConfig LayerConfig::parse(const ProgramImage& image) {
  const json& object = image.config();
  LayerConfig config;
  config.hidden = image.size_field(object, "hidden", kMaxDimension);
  config.heads = image.size_field(object, "heads", kMaxHeads);
  config.kv_heads = image.size_field(object, "kv_heads", kMaxHeads);
  config.head_dim = image.size_field(object, "head_dim", kMaxHeadDim);
  config.intermediate = image.size_field(object, "intermediate", kMaxDimension);
  config.rms_eps = static_cast<float>(image.number_field("rms_eps"));
  config.qk_norm = image.bool_field("qk_norm");
  config.compiler = image.string_field("compiler");
  if (!(config.rms_eps >= 0.0F && config.rms_eps < 1.0F)) image.fail("\"rms_eps\" is not in [0, 1)");
  if (config.heads % config.kv_heads != 0) {
    image.fail(std::to_string(config.heads) + " heads cannot share " + std::to_string(config.kv_heads) +
               " key and value heads evenly");
  }
  if (config.head_dim % 2 != 0)
    image.fail("\"head_dim\" is " + std::to_string(config.head_dim) + ", which is odd");
  config.activation = parse_activation(image);
  if (object.contains(kWindowField)) config.window = image.size_field(object, kWindowField, kMaxDimension);
  const auto groups = object.find("groups");
  if (groups == object.end() || !groups->is_array() || groups->empty() || groups->size() > kMaxGroups) {
    image.fail("\"groups\" is not an array of 1 to " + std::to_string(kMaxGroups) + " shape groups");
  }
  for (const json& group : *groups) config.groups.push_back(parse_group(image, group));
  return config;
}

}  // namespace axllama::softcard
