#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/mapped_file.h"
#include "compiler/ggml_blocks.h"

namespace axllama::compiler {

/// A metadata value. Every kind of integer is an int64; arrays are of strings, integers or floating-point
/// numbers.
using GgufValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>,
                               std::vector<std::int64_t>, std::vector<double>>;

/// One tensor. `data` points into the mapping and lives as long as the file.
struct GgufTensor {
  GgmlType type;
  std::vector<std::uint64_t> dims;  // the fastest-varying first: {columns, rows}
  std::span<const std::byte> data;
};

/// Reader of GGUF files, versions 2 and 3, little-endian (github.com/ggml-org/ggml, docs/gguf.md). Checks
/// every length and offset against the file; throws Error (kNotFound, kInvalidArgument, kUnsupported) naming
/// the file, the key or tensor and both values. Immutable after construction.
class GgufFile {
 public:
  explicit GgufFile(const std::filesystem::path& path);

  /// True when the file begins like a GGUF file.
  static bool looks_like(const std::filesystem::path& path);

  const std::filesystem::path& path() const noexcept { return file_.path(); }
  const std::map<std::string, GgufTensor, std::less<>>& tensors() const noexcept { return tensors_; }

  /// Null when the key is absent.
  const GgufValue* find(std::string_view key) const;
  // Nothing when the key is absent; Error naming the key when it is of another kind.
  std::optional<std::string> text(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<std::uint64_t> count(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;
  const std::vector<std::string>* texts(std::string_view key) const;
  const std::vector<std::int64_t>* integers(std::string_view key) const;
  const std::vector<double>* numbers(std::string_view key) const;

 private:
  class Parser;

  template <typename T>
  const T* typed(std::string_view key, const char* kind) const;

  base::MappedFile file_;
  std::map<std::string, GgufValue, std::less<>> metadata_;
  std::map<std::string, GgufTensor, std::less<>> tensors_;
};

}  // namespace axllama::compiler
