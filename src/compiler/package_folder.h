#pragma once

#include <filesystem>
#include <string>

namespace axllama::compiler {

/// A package folder in the making: files are written beside the destination and moved there in one step by
/// commit(); without it everything is removed again.
class PackageFolder {
 public:
  /// Throws Error (kInvalidArgument) when `destination` exists and was not made by this compiler, or was
  /// and `replace` is false.
  PackageFolder(std::filesystem::path destination, bool replace);
  ~PackageFolder();
  PackageFolder(const PackageFolder&) = delete;
  PackageFolder& operator=(const PackageFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return unfinished_; }
  void write_text(const std::string& name, const std::string& text) const;
  void commit();

 private:
  std::filesystem::path destination_;
  std::filesystem::path unfinished_;
};

}  // namespace axllama::compiler
