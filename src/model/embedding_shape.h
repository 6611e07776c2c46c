#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "model/package_config.h"

namespace axllama::model {

/// Rows and columns of a raw bf16 embedding table, which has no header of its own.
struct EmbeddingShape {
  std::size_t vocabulary = 0;  // rows; may exceed the tokenizer's vocabulary (padding)
  std::size_t hidden = 0;

  bool operator==(const EmbeddingShape&) const = default;
};

/// Infers the shape of the table in `file` (`bytes` long) from the configuration, where it speaks, and from
/// `token_count`, the number of ordinary tokens (each needs a row). Throws Error (kInvalidArgument) naming
/// the file and both values where they contradict each other, and where the configuration says nothing and no
/// usual hidden size fits.
EmbeddingShape infer_embedding_shape(const std::filesystem::path& file, std::uint64_t bytes,
                                     const PackageConfig& config, std::size_t token_count);

}  // namespace axllama::model
