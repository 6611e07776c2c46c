#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "model/package.h"
#include "store/model_store.h"
#include "store/watched_folder.h"

namespace axllama::store {

/// An installed model as listed to clients.
struct ModelRecord {
  std::string name;  // "axllama-tiny:latest"
  /// 64 hex digits. Of a model in the store: its manifest's. Of a package folder: SHA-256 over its files'
  /// names, sizes and contents of its small files.
  std::string digest;
  /// 64 hex digits: models with one of these differ only in what a Modelfile adds. Empty when the model has
  /// no package (GGUF).
  std::string package_digest;
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified_at;
  std::filesystem::path folder;          // of the package
  std::optional<StoredManifest> stored;  // of a model in the store
};

struct LibraryOptions {
  std::vector<std::filesystem::path> roots = {};    // each sub-folder a package
  std::vector<std::filesystem::path> watched = {};  // likewise, shown when complete
  std::filesystem::path store = {};                 // empty: none
  std::map<std::string, std::string> drafts = {};   // models and those that guess for them, by name
};

/// Where models are found: the store, then folders of packages such as the user's and the bundled ones.
/// Thread-safe; looks at the disk on each call, so that models appear without a restart.
class Library {
 public:
  /// Folders only.
  explicit Library(std::vector<std::filesystem::path> roots) : Library(LibraryOptions{std::move(roots)}) {}
  explicit Library(LibraryOptions options);

  /// Newest first. Folders that hold no package are left out; broken packages are listed (opening them says
  /// why), but in watched folders. Of several models with one name the first found is listed.
  std::vector<ModelRecord> list() const;
  /// Case-insensitive; "name" means "name:latest". Throws Error (kNotFound).
  ModelRecord find(const std::string& name) const;
  /// The package of a record, opened once and shared as long as somebody holds it. Throws Error
  /// (kUnsupported) for a model without one.
  std::shared_ptr<const model::Package> open(const ModelRecord& record) const;
  /// What a Modelfile added to it; nothing for a package folder.
  ModelSettings settings(const ModelRecord& record) const;

  /// The model that guesses tokens for it: by the options, else by `settings`. Empty: none does.
  std::string draft(const ModelRecord& record, const ModelSettings& settings) const;

  const std::vector<std::filesystem::path>& roots() const noexcept { return roots_; }
  /// Null without a store.
  ModelStore* store() const noexcept { return store_.get(); }

 private:
  ModelRecord record_of(StoredManifest stored) const;
  void add_folders(std::vector<ModelRecord>& records, const std::filesystem::path& root) const;

  std::vector<std::filesystem::path> roots_;
  std::vector<std::unique_ptr<WatchedFolder>> watched_;
  std::unique_ptr<ModelStore> store_;
  std::map<std::string, std::string> drafts_;  // by canonical name
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::weak_ptr<const model::Package>> open_;  // by package digest
};

}  // namespace axllama::store
