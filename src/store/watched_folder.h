#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "store/package_listing.h"

namespace axllama::store {

/// A folder into which packages are dropped while the server runs. A package counts as soon as it is
/// complete: nothing in it has changed for a while, no file has a name that copying programs use meanwhile,
/// and it opens. What it lacks is logged, once. Thread-safe.
class WatchedFolder {
 public:
  /// `settle`: how long a package must have been left alone.
  explicit WatchedFolder(std::filesystem::path folder,
                         std::chrono::milliseconds settle = std::chrono::seconds(3));

  /// The complete packages. Looks at the disk; cheap when nothing changed.
  std::vector<PackageListing> packages() const;

 private:
  bool is_complete(const PackageListing& package) const;

  std::filesystem::path folder_;
  std::chrono::milliseconds settle_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, bool> opens_;  // by digest
};

}  // namespace axllama::store
