#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/safetensors.h"
#include "compiler/weight_source.h"

namespace axllama::compiler {

/// The safetensors files of a Hugging Face folder: model.safetensors, or the shards that
/// model.safetensors.index.json names. Files are mapped; tensors of F32, F16 and BF16 are converted as they
/// are read.
class CheckpointSource final : public WeightSource {
 public:
  /// Throws Error (kNotFound, kInvalidArgument) naming the file; a shard that the index names must be there.
  explicit CheckpointSource(const std::filesystem::path& folder);

  bool has(const std::string& tensor) const override;
  void read_rows(const std::string& tensor, std::size_t rows, std::size_t columns, std::size_t first,
                 std::span<float> out) override;
  const softcard::WeightKind* stored_kind(const std::string& tensor) const override;

 private:
  void add(const std::filesystem::path& file);
  /// Checkpoints of embedding models leave out the "model." that tensors of the others begin with.
  void add_prefix();
  /// The language model's tensors as if it stood alone.
  void take_language_model();

  std::vector<std::unique_ptr<base::SafetensorsFile>> files_;
  struct Place {
    const base::SafetensorsView* view;
    const base::SafetensorsFile* file;
  };
  std::map<std::string, Place, std::less<>> tensors_;
};

}  // namespace axllama::compiler
