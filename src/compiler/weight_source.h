#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "softcard/weights/packed_matrix.h"

namespace axllama::compiler {

/// Where weights come from. Names are those of Hugging Face checkpoints
/// ("model.layers.0.self_attn.q_proj.weight"). One thread at a time.
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  virtual bool has(const std::string& tensor) const = 0;
  /// Writes rows [first, first + out.size() / columns) of a [rows, columns] tensor (a vector is [1, columns])
  /// as f32. Throws Error (kInvalidArgument) naming the tensor and both shapes when it is missing or has
  /// another shape.
  virtual void read_rows(const std::string& tensor, std::size_t rows, std::size_t columns, std::size_t first,
                         std::span<float> out) = 0;

  /// The kind in which the source has a matrix, if the card can take its values over as they are; else null.
  virtual const softcard::WeightKind* stored_kind(const std::string& /*tensor*/) const { return nullptr; }
  /// Appends `count` rows from `first` on to `out` as they are stored. Only for tensors whose stored_kind is
  /// made of integers. Throws as read_rows.
  virtual void read_stored(const std::string& tensor, std::size_t rows, std::size_t columns,
                           std::size_t first, std::size_t count, softcard::BlockSource& out);
};

}  // namespace axllama::compiler
