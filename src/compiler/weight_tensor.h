#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/safetensors.h"
#include "compiler/weight_source.h"

namespace axllama::compiler {

/// The tensors of one file being made; owns their bytes until the file is written.
class TensorSet {
 public:
  TensorSet(WeightSource& source, std::string weight_type)
      : source_(source), weight_type_(std::move(weight_type)) {}

  /// A vector [columns] as F32.
  void add_vector(const std::string& name, const std::string& tensor, std::size_t columns);
  void add_values(const std::string& name, const std::vector<float>& values);
  /// A projection [rows, columns] in the weight type: BF16, or I8 with NAME.scale (symmetric per row, rounded
  /// to nearest, ties to even).
  void add_matrix(const std::string& name, const std::string& tensor, std::size_t rows, std::size_t columns);

  /// In the order added; valid as long as this object.
  std::vector<base::SafetensorsEntry> entries() const;

 private:
  struct Tensor {
    std::string name;
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;
  };
  Tensor& add(std::string name, std::string dtype, std::vector<std::int64_t> shape, std::size_t bytes);

  WeightSource& source_;
  std::string weight_type_;
  std::vector<Tensor> tensors_;
};

}  // namespace axllama::compiler
