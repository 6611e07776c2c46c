#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "store/blob_store.h"
#include "store/manifest.h"

namespace axllama::store {

/// Package folders made of links to blobs, so that the engine finds files by their names and nothing is
/// stored twice: FOLDER/axllama/packages/<package digest>/<model>/. Thread-safe.
class PackageLinks {
 public:
  PackageLinks(std::filesystem::path folder, const BlobStore& blobs);

  /// Where the package of `manifest` lies once it was made; `model`: the folder's own name.
  std::filesystem::path path(const Manifest& manifest, const std::string& model) const;
  /// Makes the folder unless it is there and complete. It appears in one step. Throws Error naming a missing
  /// blob, or when the file system knows no links.
  std::filesystem::path make(const Manifest& manifest, const std::string& model) const;
  /// Removes the folders of packages that are not among `digests`; how many there were.
  std::size_t keep_only(const std::set<Digest>& digests) const;
  void remove(const Digest& package) const;

 private:
  std::filesystem::path packages_;
  const BlobStore& blobs_;
};

}  // namespace axllama::store
