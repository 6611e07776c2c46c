#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/manifest.h"
#include "store/model_name.h"

namespace axllama::store {

/// A manifest that lies in the store.
struct StoredManifest {
  ModelName name;
  Digest digest;  // of the file's bytes: the model's ID
  std::chrono::system_clock::time_point modified_at;
  std::shared_ptr<const Manifest> manifest;
};

/// Manifests as Ollama keeps them: FOLDER/manifests/<host>/<namespace>/<model>/<tag>. Looks at the disk on
/// each call and reads again what changed. Thread-safe.
class ManifestStore {
 public:
  explicit ManifestStore(std::filesystem::path folder);

  /// In no particular order. Files that are no manifest are left out and logged once.
  std::vector<StoredManifest> list() const;
  /// Without regard to case; empty when there is none. Throws Error when it cannot be used.
  std::optional<StoredManifest> find(const ModelName& name) const;
  /// The bytes of a manifest's file; empty when there is none.
  std::optional<std::string> text(const ModelName& name) const;
  /// Writes it in one step, over one whose name differs only in case. Returns its digest.
  Digest write(const ModelName& name, const std::string& text);
  /// False when there was none. Empty folders go, too.
  bool remove(const ModelName& name);
  /// Removes folders without a manifest; how many there were.
  std::size_t remove_empty_folders();
  /// Whether every file is a manifest: only then can be told which blobs nobody refers to.
  bool all_readable() const;

 private:
  struct Entry;
  struct Listing;
  Listing read_all() const;
  std::optional<std::filesystem::path> existing(const ModelName& name) const;
  StoredManifest read(const ModelName& name, const std::filesystem::path& file) const;

  std::filesystem::path manifests_;
  std::filesystem::path unfinished_;
  mutable std::mutex mutex_;
  mutable std::map<std::filesystem::path, std::shared_ptr<const Entry>> cache_;
};

}  // namespace axllama::store
