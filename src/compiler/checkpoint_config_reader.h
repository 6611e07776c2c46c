#pragma once

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace axllama::compiler {

/// Typed access to a checkpoint's config.json; errors name file and key. A key that is null counts as absent.
class CheckpointConfigReader {
 public:
  /// Throws Error (kNotFound, kInvalidArgument).
  explicit CheckpointConfigReader(const std::filesystem::path& file);

  const std::string& file() const noexcept { return file_; }
  std::size_t size(const char* key) const;  // must be there and above 0
  std::size_t optional_size(const char* key, std::size_t otherwise) const;
  double number(const char* key, double otherwise) const;
  bool boolean(const char* key, bool otherwise) const;
  std::string text(const char* key) const;  // empty when absent or no string
  /// A list of numbers; empty when absent.
  std::vector<double> numbers(const char* key) const;
  /// A list of texts; empty when absent.
  std::vector<std::string> texts(const char* key) const;
  bool has_object(const char* key) const;
  /// The first of the keys that is an object, as a reader of its own; empty when there is none.
  CheckpointConfigReader object(std::initializer_list<const char*> keys) const;
  [[noreturn]] void fail(const std::string& what,
                         base::ErrorCode code = base::ErrorCode::kInvalidArgument) const;

 private:
  CheckpointConfigReader(nlohmann::json object, std::string file);
  const nlohmann::json* find(const char* key) const;

  nlohmann::json object_;
  std::string file_;
};

}  // namespace axllama::compiler
