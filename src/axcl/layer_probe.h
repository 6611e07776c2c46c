#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "axcl/card.h"
#include "axcl/model.h"
#include "base/bfloat16.h"

namespace axllama::axcl {

// What the self-test experiments with. Private to this room.

/// The tensors and shape groups of a layer (docs/softcard.md and the vendors' layer files agree on them).
struct LayerForm {
  struct Chunk {
    std::size_t group = 0;
    std::size_t rows = 0;
    std::size_t history = 0;  // usable slots; 0 for the first group, whose cache inputs are dummies
  };
  std::size_t k_cache = 0, v_cache = 0, indices = 0, input = 0, mask = 0;  // input indices
  std::size_t k_out = 0, v_out = 0, output = 0;                            // output indices
  std::size_t hidden = 0;
  std::size_t kv = 0;
  std::size_t index_rows = 1;
  std::size_t decode_group = 0;
  std::size_t slots = 0;      // of the decode group's cache
  std::vector<Chunk> chunks;  // by growing history

  /// Throws Error (kUnsupported) naming the file when the layer has other tensors or no decode group.
  static LayerForm of(const Model& model);
};

/// What one execution left in its output buffers: rows of bf16.
struct LayerRows {
  std::vector<base::Bf16> keys;
  std::vector<base::Bf16> values;
  std::vector<base::Bf16> output;

  bool operator==(const LayerRows&) const = default;
};

/// Chunks of fewer rows leave `output` untouched (binding rule 8).
inline constexpr std::size_t kMinimumOutputRows = 64;

/// Row `position` of an input that is always the same: [width] bf16 in [-0.5, 0.5).
std::vector<base::Bf16> probe_row(std::size_t position, std::size_t width);

/// Additive mask of one decoded row: the first `visible` cached rows and the row itself are seen.
std::vector<base::Bf16> decode_mask(std::size_t slots, std::size_t visible);
/// Of a chunk: each row sees the first `visible` rows of the history, the rows before it and itself.
std::vector<base::Bf16> chunk_mask(std::size_t rows, std::size_t history, std::size_t visible);

/// One shape group of a layer with buffers of its own, all zeroed, all bound as the rules want it.
class LayerRun {
 public:
  LayerRun(Card& card, Model& model, const LayerForm& form, std::size_t group);

  DeviceSpan in(std::size_t index) const { return inputs_[index].span(); }
  DeviceSpan out(std::size_t index) const { return outputs_[index].span(); }
  IoBinding& io() noexcept { return io_; }

  /// Fills an input from its beginning.
  void write(std::size_t index, std::span<const base::Bf16> values);
  void write_positions(std::size_t first);
  /// Rows [first, first + count) of the probe's input, at their positions.
  void write_rows(std::size_t first);

  /// Overwrites all outputs with a pattern, runs, and returns the card's answer.
  std::int32_t run();
  /// Without `output` for a chunk of too few rows to give one: that must not even be read.
  LayerRows rows() const;
  /// run() and rows(); throws Error when the card answers an error.
  LayerRows results();

  /// True when an output still holds the pattern throughout.
  static bool is_untouched(std::span<const base::Bf16> values) noexcept;

 private:
  Card& card_;
  const LayerForm& form_;
  std::size_t group_;
  std::size_t count_;  // rows
  std::vector<DeviceBuffer> inputs_;
  std::vector<DeviceBuffer> outputs_;
  IoBinding io_;
};

}  // namespace axllama::axcl
