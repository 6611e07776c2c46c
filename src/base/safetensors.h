#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"

namespace axllama::base {

/// One tensor inside a mapped safetensors file. `data` points into the mapping and lives as long as the file.
struct SafetensorsView {
  std::string dtype;  // as written: "BF16", "F16", "F32", "I8", "U8", ...
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
};

/// Reader of the safetensors format (github.com/huggingface/safetensors, "Format"): an 8-byte little-endian
/// header length, a JSON header, then the tensors' bytes. Checks every offset against the file and every size
/// against dtype and shape; throws Error (kInvalidArgument) with the file, the tensor and both values.
/// Immutable after construction.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  /// Reads an image held elsewhere; `name` stands for the path in errors. The bytes must outlive this object.
  SafetensorsFile(std::span<const std::byte> image, std::string name);

  /// True when the bytes begin like a safetensors file (plausible header length followed by '{').
  static bool looks_like(std::span<const std::byte> image) noexcept;

  const std::string& name() const noexcept { return name_; }
  const std::map<std::string, std::string, std::less<>>& metadata() const noexcept { return metadata_; }
  const std::map<std::string, SafetensorsView, std::less<>>& tensors() const noexcept { return tensors_; }
  /// Throws Error (kInvalidArgument) "FILE has no tensor NAME".
  const SafetensorsView& tensor(std::string_view tensor_name) const;

 private:
  void parse(std::span<const std::byte> image);

  MappedFile file_;
  std::string name_;
  std::map<std::string, std::string, std::less<>> metadata_;
  std::map<std::string, SafetensorsView, std::less<>> tensors_;
};

/// A tensor to be written. `data` must stay valid until write_safetensors returns.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
};

/// Writes a file whose tensors start at 64-byte multiples (kernels read them in place), in the given order,
/// to a temporary name beside `path`, and renames it when complete.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<SafetensorsEntry>& entries);

/// A tensor that is made while it is written: `produce` hands its bytes, in pieces of any size, to the
/// function that it is given.
struct SafetensorsStream {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::function<void(const std::function<void(std::span<const std::byte>)>& write)> produce;
};

/// The same file from tensors that need not be in memory as a whole. What `produce` throws ends the writing
/// and leaves no file.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<SafetensorsStream>& streams);

/// Bytes per element of a safetensors dtype; throws Error (kInvalidArgument) for an unknown one.
std::size_t safetensors_dtype_size(std::string_view dtype);

}  // namespace axllama::base
