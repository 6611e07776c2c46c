#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model/package.h"

namespace axllama::store {

/// An installed model as listed to clients.
struct ModelRecord {
  std::string name;  // "axllama-tiny:latest"
  std::string
      digest;  // 64 hex digits: SHA-256 over the package's file names, sizes and contents of its small files
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified_at;
  std::filesystem::path folder;
};

/// Where model packages are found: folders of packages (each sub-folder one model) such as the bundled models
/// and the user's. Thread-safe; looks at the disk on each call, so that dropped packages appear without a
/// restart.
class Library {
 public:
  explicit Library(std::vector<std::filesystem::path> roots);

  /// Newest first. Folders that hold no package are left out; broken packages are listed (opening them says
  /// why).
  std::vector<ModelRecord> list() const;
  /// Case-insensitive; "name" means "name:latest". Throws Error (kNotFound).
  ModelRecord find(const std::string& name) const;
  /// The package of a record, opened once and shared as long as somebody holds it.
  std::shared_ptr<const model::Package> open(const ModelRecord& record) const;
  const std::vector<std::filesystem::path>& roots() const noexcept { return roots_; }

 private:
  std::vector<std::filesystem::path> roots_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::weak_ptr<const model::Package>> open_;  // by digest
};

}  // namespace axllama::store
