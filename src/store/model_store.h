#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/blob_store.h"
#include "store/manifest_store.h"
#include "store/model_settings.h"
#include "store/package_links.h"

namespace axllama::store {

/// What start-up repair did.
struct RepairSummary {
  std::size_t unfinished_files = 0;  // left behind by a program that ended
  std::size_t damaged_blobs = 0;     // whose size is not what a manifest says
  std::size_t unreferenced_blobs = 0;
  std::size_t stale_packages = 0;  // folders of links
  std::size_t renamed_blobs = 0;   // that had the name of old programs
  std::size_t empty_folders = 0;   // of manifests
};

struct RepairOptions {
  bool prune = true;  // remove blobs that no manifest refers to (OLLAMA_NOPRUNE: false)
  std::chrono::seconds least_age = std::chrono::hours(24);  // of such blobs: an upload may be under way
  std::chrono::seconds partial_age = std::chrono::hours(24 * 14);  // of downloads nobody resumed
};

/// The store: models as manifests and blobs in one folder, in Ollama's layout, which an installed Ollama may
/// use at the same time. Survives the end of the program at any point: a manifest is written after its blobs,
/// and each file appears in one step. Thread-safe.
class ModelStore {
 public:
  explicit ModelStore(std::filesystem::path folder);

  const std::filesystem::path& folder() const noexcept { return folder_; }
  BlobStore& blobs() noexcept { return blobs_; }
  const BlobStore& blobs() const noexcept { return blobs_; }
  ManifestStore& manifests() noexcept { return manifests_; }
  const ManifestStore& manifests() const noexcept { return manifests_; }

  ModelSettings settings(const Manifest& manifest) const { return read_settings(blobs_, manifest); }
  Json config(const Manifest& manifest) const { return read_config(blobs_, manifest); }
  /// The folder of a model's package, made of links when it is not there yet.
  std::filesystem::path package_folder(const StoredManifest& model) const;
  /// Likewise for a manifest that is not stored yet; `model`: the folder's own name.
  std::filesystem::path package_folder(const Manifest& manifest, const std::string& model) const {
    return links_.make(manifest, model);
  }
  /// Where package_folder() will put it.
  std::filesystem::path package_path(const StoredManifest& model) const;

  /// Throws Error (kNotFound) when there is no `from`.
  void copy(const ModelName& from, const ModelName& to);
  /// Removes a model and the blobs that no other one needs; false when there is no such model.
  bool remove(const ModelName& name);
  /// Removes those of `digests` that no manifest refers to, unless a manifest cannot be read.
  std::size_t remove_unreferenced(const std::set<Digest>& digests);

  /// Removes what an earlier run left behind; log lines say what. To be called before the store is used.
  RepairSummary repair(const RepairOptions& options = {});

 private:
  std::set<Digest> referenced() const;
  std::set<Digest> packages() const;
  std::size_t remove_unfinished(const RepairOptions& options) const;
  std::size_t remove_damaged();

  std::filesystem::path folder_;
  BlobStore blobs_;
  ManifestStore manifests_;
  PackageLinks links_;
  std::mutex removal_;  // one at a time: each looks at all manifests
};

}  // namespace axllama::store
