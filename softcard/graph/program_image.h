#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/safetensors.h"
#include "softcard/graph/program.h"
#include "softcard/weights/packed_matrix.h"

namespace axllama::softcard {

/// A projection inside an image: packed as `layout` says, or row-major bf16.
struct ProjectionTensor {
  PackedLayout layout;
  bool packed = true;
  std::span<const std::byte> data;
};

/// A parsed model file (softcard/format.h). Every accessor throws ProgramError with the file's name, the
/// field or tensor, and both values. The image's bytes must outlive it.
class ProgramImage {
 public:
  ProgramImage(std::span<const std::byte> image, const std::string& name);

  const std::string& name() const noexcept { return file_.name(); }
  const std::string& program() const noexcept { return program_; }
  const nlohmann::json& config() const noexcept { return *config_; }

  /// A positive integer field of at most `limit`.
  std::size_t size_field(const nlohmann::json& object, const char* field, std::size_t limit) const;
  std::string string_field(const char* field) const;
  double number_field(const char* field) const;
  bool bool_field(const char* field) const;

  bool has_tensor(const std::string& tensor_name) const;
  std::vector<float> f32_vector(const std::string& tensor_name, std::size_t count) const;
  ProjectionTensor projection(const std::string& tensor_name, std::size_t rows, std::size_t columns) const;

  [[noreturn]] void fail(const std::string& reason) const;

 private:
  /// The kind in which the configuration says that a tensor is packed; null if it is not.
  const WeightKind* packed_kind(const std::string& tensor_name) const;
  const base::SafetensorsView& tensor(const std::string& tensor_name,
                                      const std::vector<std::size_t>& shape) const;

  base::SafetensorsFile file_;
  std::string program_;
  std::shared_ptr<const nlohmann::json> config_;
};

/// Limits on single dimensions; they keep every size computed from a config far from overflow.
inline constexpr std::size_t kMaxDimension = std::size_t{1} << 22U;

}  // namespace axllama::softcard
