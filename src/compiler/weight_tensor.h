#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/safetensors.h"
#include "compiler/weight_source.h"

namespace axllama::compiler {

/// The tensors of one file being made. Vectors are read when they are added, projections while the file is
/// written, 64 rows at a time.
class TensorSet {
 public:
  /// `kind` null: each projection in the kind in which the source has it, bf16 where it has none.
  TensorSet(WeightSource& source, const softcard::WeightKind* kind) : source_(source), kind_(kind) {}

  /// A vector [columns] as F32.
  void add_vector(const std::string& name, const std::string& tensor, std::size_t columns);
  void add_values(const std::string& name, const std::vector<float>& values);
  /// A projection [rows, columns], packed as softcard/weights/packed_matrix.h says.
  void add_matrix(const std::string& name, const std::string& tensor, std::size_t rows, std::size_t columns);

  /// Kinds of the projections by name.
  const std::map<std::string, std::string>& packed() const noexcept { return packed_; }
  /// Weights in projections by kind.
  const std::map<std::string, std::uint64_t>& weights() const noexcept { return weights_; }

  void write(const std::filesystem::path& file, const std::map<std::string, std::string>& metadata) const;

 private:
  using Write = std::function<void(std::span<const std::byte>)>;
  void write_matrix(const softcard::PackedLayout& layout, const std::string& tensor, bool stored,
                    const Write& write) const;

  WeightSource& source_;
  const softcard::WeightKind* kind_;
  std::vector<base::SafetensorsStream> streams_;
  std::map<std::string, std::string> packed_;
  std::map<std::string, std::uint64_t> weights_;
};

}  // namespace axllama::compiler
