#include "store/library.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string with_tag(const std::string& name) {
  const auto slash = name.rfind('/');
  const bool has_tag = name.find(':', slash == std::string::npos ? 0 : slash) != std::string::npos;
  return has_tag ? name : name + ":" + std::string(ModelName::kDefaultTag);
}

/// "Name" -> "name:latest", "name:Tag" -> "name:tag".
std::string canonical(const std::string& name) {
  return lower(with_tag(name));
}

/// The name of a model as clients and options may write it.
std::string canonical_name_of(const std::string& asked) {
  const std::optional<ModelName> parsed = ModelName::parse(asked);
  return canonical(parsed ? parsed->short_text() : asked);
}

/// An earlier model hides a later one of the same name.
void add(std::vector<ModelRecord>& records, ModelRecord record) {
  const std::string name = canonical(record.name);
  const bool hidden = std::any_of(records.begin(), records.end(), [&name](const ModelRecord& other) {
    return canonical(other.name) == name;
  });
  if (!hidden) records.push_back(std::move(record));
}

ModelRecord record_of(const PackageListing& package) {
  ModelRecord record;
  record.name = with_tag(package.folder.filename().string());
  record.folder = package.folder;
  record.digest = package.digest;
  record.package_digest = package.digest;
  record.size = package.bytes;
  record.modified_at = package.modified_at;
  return record;
}

}  // namespace

Library::Library(LibraryOptions options) : roots_(std::move(options.roots)) {
  for (fs::path& folder : options.watched) {
    watched_.push_back(std::make_unique<WatchedFolder>(std::move(folder)));
  }
  for (auto& [name, draft] : options.drafts) drafts_[canonical_name_of(name)] = std::move(draft);
  if (!options.store.empty()) store_ = std::make_unique<ModelStore>(std::move(options.store));
}

ModelRecord Library::record_of(StoredManifest stored) const {
  ModelRecord record;
  record.name = stored.name.short_text();
  record.digest = stored.digest.hex();
  record.size = stored.manifest->total_bytes();
  record.modified_at = stored.modified_at;
  if (const auto package = stored.manifest->package_digest()) {
    record.package_digest = package->hex();
    record.folder = store_->package_path(stored);
  }
  record.stored = std::move(stored);
  return record;
}

void Library::add_folders(std::vector<ModelRecord>& records, const fs::path& root) const {
  for (const PackageListing& package : list_packages(root)) add(records, store::record_of(package));
}

std::vector<ModelRecord> Library::list() const {
  std::vector<ModelRecord> records;
  if (store_) {
    for (StoredManifest& stored : store_->manifests().list()) add(records, record_of(std::move(stored)));
  }
  for (const fs::path& root : roots_) add_folders(records, root);
  for (const auto& folder : watched_) {
    for (const PackageListing& package : folder->packages()) add(records, store::record_of(package));
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const ModelRecord& a, const ModelRecord& b) { return a.modified_at > b.modified_at; });
  return records;
}

ModelRecord Library::find(const std::string& name) const {
  const std::optional<ModelName> parsed = ModelName::parse(name);
  if (store_ && parsed) {
    if (auto stored = store_->manifests().find(*parsed)) return record_of(std::move(*stored));
  }
  const std::string wanted = canonical_name_of(name);
  for (ModelRecord& record : list()) {
    if (canonical(record.name) == wanted) return std::move(record);
  }
  throw Error(ErrorCode::kNotFound, "model '" + name + "' not found");
}

std::shared_ptr<const model::Package> Library::open(const ModelRecord& record) const {
  if (record.package_digest.empty()) {
    throw Error(ErrorCode::kUnsupported,
                "model '" + record.name +
                    "' holds no package for the card, only weights in another form (GGUF); compile them with "
                    "a Modelfile of the line \"FROM " +
                    record.name + "\" and: axllama create NAME");
  }
  {
    const std::lock_guard lock(mutex_);
    if (auto package = open_[record.package_digest].lock()) return package;
  }
  // Read without the lock: others may list and open other models meanwhile.
  auto package = model::Package::open(record.stored ? store_->package_folder(*record.stored) : record.folder);
  const std::lock_guard lock(mutex_);
  auto& slot = open_[record.package_digest];
  if (auto first = slot.lock()) return first;
  slot = package;
  std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
  return package;
}

std::string Library::draft(const ModelRecord& record, const ModelSettings& settings) const {
  const auto found = drafts_.find(canonical(record.name));
  return found == drafts_.end() ? settings.draft : found->second;
}

ModelSettings Library::settings(const ModelRecord& record) const {
  return record.stored ? store_->settings(*record.stored->manifest) : ModelSettings();
}

}  // namespace axllama::store
