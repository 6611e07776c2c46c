#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace axllama::model {

/// A tensor of a layer as the card describes it, without the card's types (this room knows no card).
struct LayerTensor {
  std::string name;
  std::vector<std::vector<std::int32_t>> dims;  // [group][axis]
};

/// A prefill shape group: `rows` tokens at once over up to `history` cached ones.
struct PrefillGroup {
  std::size_t group = 0;
  std::size_t rows = 0;
  std::size_t history = 0;      // usable history slots (0 for the first group)
  std::size_t cache_slots = 0;  // rows of its K_cache input (1 for the dummy input of a group with history 0)

  bool operator==(const PrefillGroup&) const = default;
};

/// What the tensors of one layer say about the model (axcl.md 2.2). All layers must agree.
struct LayerShapes {
  std::size_t hidden = 0;
  std::size_t kv_width = 0;  // kv_heads * head_dim
  std::size_t decode_group = 0;
  std::size_t context = 0;            // C: cache slots of the decode group
  std::size_t index_rows = 1;         // 3 for mRoPE models
  std::vector<PrefillGroup> prefill;  // by growing history

  /// The longest prompt the prefill groups can take together; 0 for layers that only decode.
  std::size_t prefill_limit() const noexcept;
  bool operator==(const LayerShapes&) const = default;
};

/// Reads the shapes of a layer. Throws Error (kInvalidArgument) naming `file`, the tensor and both values
/// where the shapes contradict each other.
LayerShapes infer_layer_shapes(const std::vector<LayerTensor>& inputs,
                               const std::vector<LayerTensor>& outputs, const std::string& file);

}  // namespace axllama::model
