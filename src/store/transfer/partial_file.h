#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/durable_file.h"

namespace axllama::store {

/// A file that arrives in parts, in any order, and survives the end of the program: beside it lies a list of
/// the parts that are complete and on the disk. Thread-safe.
class PartialFile {
 public:
  /// Goes on with what is there, if it is of this size. Throws Error (kUnavailable) when another transfer
  /// works on it.
  PartialFile(const std::filesystem::path& folder, const std::string& key, std::uint64_t size,
              std::uint64_t part_bytes);

  std::uint64_t part_count() const noexcept { return part_count_; }
  std::uint64_t part_begin(std::uint64_t part) const noexcept { return part * part_bytes_; }
  std::uint64_t part_end(std::uint64_t part) const noexcept;
  std::vector<std::uint64_t> missing() const;
  /// Bytes of complete parts.
  std::uint64_t completed() const;

  void write(std::uint64_t offset, std::string_view bytes);
  /// All bytes of the part were written.
  void complete(std::uint64_t part);

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Forgets everything; for content that turned out to be wrong.
  void discard();
  /// The file was moved away; the list goes.
  void finished();

  /// Bytes of complete parts of what lies there, without opening it for a transfer.
  static std::uint64_t completed_on_disk(const std::filesystem::path& folder, const std::string& key,
                                         std::uint64_t size);
  /// Whether this is the list of a file that is gone: the program ended between moving it away and
  /// finished().
  static bool is_left_over(const std::filesystem::path& path);

 private:
  std::uint64_t bytes_of(const std::set<std::uint64_t>& parts) const;

  std::filesystem::path path_;
  std::filesystem::path list_;
  std::uint64_t size_;
  std::uint64_t part_bytes_;
  std::uint64_t part_count_;
  Descriptor file_;
  mutable std::mutex mutex_;
  std::set<std::uint64_t> done_;
};

}  // namespace axllama::store
