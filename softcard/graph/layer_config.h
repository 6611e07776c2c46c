#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "softcard/graph/program_image.h"

namespace axllama::softcard {

/// A shape group of a layer: decode is one row over `history` cache slots; prefill is `rows` rows over
/// `history` slots, which may be 0.
struct LayerGroup {
  std::size_t rows = 1;
  std::size_t history = 0;

  /// Slots of the cache inputs: a group without history has a dummy slot.
  std::size_t cache_slots() const noexcept { return history == 0 ? 1 : history; }
  std::size_t columns() const noexcept { return history + rows; }
  /// The card leaves `output` alone in groups of 2..63 rows.
  bool writes_output() const noexcept { return rows == 1 || rows >= 64; }
};

enum class Activation { kSilu, kGeluTanh };

/// The configuration of a layer program (softcard/format.h), checked.
struct LayerConfig {
  std::size_t hidden = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  std::size_t intermediate = 0;
  float rms_eps = 0;
  bool qk_norm = false;
  Activation activation = Activation::kSilu;
  std::size_t window = 0;  // keys that a row sees at most, its own included; 0: all
  std::string compiler;
  std::vector<LayerGroup> groups;

  std::size_t query_size() const noexcept { return heads * head_dim; }
  std::size_t kv_size() const noexcept { return kv_heads * head_dim; }
  std::size_t most_rows() const noexcept;
  /// One more than the largest index any group may see: the longest history plus a chunk behind it.
  std::size_t positions() const noexcept;

  /// Throws ProgramError.
  static LayerConfig parse(const ProgramImage& image);
};

}  // namespace axllama::softcard
