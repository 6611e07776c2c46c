#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace axllama::base {

/// A whole file mapped read-only. Owns the mapping; movable, not copyable. Safe to read from any thread.
/// An empty file maps to an empty span.
class MappedFile {
 public:
  MappedFile() = default;
  /// Throws Error (kNotFound or kInvalidArgument) naming the file and the system's reason.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  void unmap() noexcept;

  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace axllama::base
