#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "store/digest.h"
#include "store/durable_file.h"
#include "store/sha256.h"

namespace axllama::store {

class BlobStore;

/// A blob in the making, invisible until commit(); without it nothing stays behind. One thread at a time.
class BlobWriter {
 public:
  ~BlobWriter();
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  void write(std::string_view bytes);
  std::uint64_t size() const noexcept { return size_; }
  /// Forces the blob to the disk and gives it its name. With `expected`, another content throws Error
  /// (kInvalidArgument) `digest mismatch, expected "...", got "..."`.
  Digest commit(const std::optional<Digest>& expected = {});

 private:
  friend class BlobStore;
  explicit BlobWriter(BlobStore& store);

  BlobStore& store_;
  std::filesystem::path path_;
  Descriptor file_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
};

/// Keeps blobs from being removed while something that refers to them is in the making.
class BlobPin {
 public:
  BlobPin(BlobStore& store, Digest digest);
  ~BlobPin();
  BlobPin(const BlobPin&) = delete;
  BlobPin& operator=(const BlobPin&) = delete;

 private:
  BlobStore& store_;
  Digest digest_;
};

/// Called while bytes are copied: (done, total).
using CopyProgress = std::function<void(std::uint64_t, std::uint64_t)>;

/// Content-addressed files as Ollama keeps them: FOLDER/blobs/sha256-<64 hex digits>. What is unfinished
/// lies in FOLDER/axllama/unfinished, so that a stock Ollama sharing the folder never sees it.
/// Thread-safe; several processes may use one folder.
class BlobStore {
 public:
  explicit BlobStore(std::filesystem::path folder);

  std::filesystem::path path(const Digest& digest) const;
  /// The blob's size; empty when there is none.
  std::optional<std::uint64_t> size(const Digest& digest) const;
  bool contains(const Digest& digest) const { return size(digest).has_value(); }

  std::unique_ptr<BlobWriter> begin();
  Digest put(std::string_view content);
  /// Adds a file's content and returns its digest. The file itself is not touched; where the file system can,
  /// the copy shares its blocks.
  Digest add_copy(const std::filesystem::path& file, const CopyProgress& progress = {});
  /// As add_copy(), but the file becomes the blob. It must be on the same file system.
  Digest add_moved(const std::filesystem::path& file, const CopyProgress& progress = {});
  /// Gives a file whose content was checked already its name as a blob. It must be on the same file system.
  void adopt(const std::filesystem::path& file, const Digest& digest);
  /// The digest of a file's content.
  static Digest hash(const std::filesystem::path& file, const CopyProgress& progress = {});
  /// The content of a small blob. Throws Error (kNotFound, kInvalidArgument).
  std::string read(const Digest& digest, std::uintmax_t limit) const;

  /// Removes blobs that are not pinned; how many there were.
  std::size_t remove(const std::set<Digest>& digests);
  std::vector<Digest> list() const;
  bool pinned(const Digest& digest) const;
  /// Gives blobs their name that old programs called "sha256:..."; how many there were.
  std::size_t rename_old();

  const std::filesystem::path& blobs() const noexcept { return blobs_; }
  const std::filesystem::path& unfinished() const noexcept { return unfinished_; }

 private:
  friend class BlobWriter;
  friend class BlobPin;

  std::filesystem::path blobs_;
  std::filesystem::path unfinished_;
  mutable std::mutex mutex_;
  std::map<Digest, int> pins_;
};

}  // namespace axllama::store
