#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "inference/kv_archive_file.h"
#include "inference/kv_archive_key.h"

namespace axllama::inference {

/// The folder of block files: FOLDER/<root key>/<block key>.kv. Anyone may delete any of it at any time. The
/// time a file was changed is the time it was used last. Thread-safe: it holds nothing but a path.
class KvArchiveFolder {
 public:
  struct File {
    std::filesystem::path path;
    std::uint64_t bytes = 0;
    std::uint64_t used = 0;  // nanoseconds since 1970
  };
  struct Block {
    KvBlockHeader header;
    std::uint64_t used = 0;
  };

  /// Makes the folder, readable by its owner only, and removes what writers left unfinished an hour ago or
  /// more. Throws Error (kInvalidArgument) when there can be no such folder.
  explicit KvArchiveFolder(std::filesystem::path folder);

  std::filesystem::path path(const KvKey& root, const KvKey& key) const;

  /// All block files by name, least recently used first, without looking into them.
  std::vector<File> files() const;
  /// The usable blocks of one package, of at most `most_tokens` tokens each. Other files are ignored, with
  /// one line in the log for all of them.
  std::vector<Block> blocks(const KvKey& root, const KvLayout& layout, std::size_t most_tokens) const;
  /// Makes the folder of a package where somebody has deleted it.
  void prepare(const KvKey& root) const noexcept;
  /// Whether a file is in the folder of a package.
  bool belongs(const std::filesystem::path& path, const KvKey& root) const;

  /// These do not throw.
  void remove(const std::filesystem::path& path) const noexcept;
  void touch(const std::filesystem::path& path) const noexcept;

 private:
  std::filesystem::path model_folder(const KvKey& root) const { return folder_ / kv_key_hex(root); }

  std::filesystem::path folder_;
};

}  // namespace axllama::inference
