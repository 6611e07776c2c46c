#include "store/model_store.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fcntl.h>

#include "base/error.h"
#include "store/folder_entries.h"
#include "store/transfer/partial_file.h"
#include "telemetry/log.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using telemetry::LogLevel;

std::set<Digest> digests_of(const Manifest& manifest) {
  std::set<Digest> digests{manifest.config.digest};
  for (const Layer& layer : manifest.layers) digests.insert(layer.digest);
  return digests;
}

bool older_than(const fs::path& path, std::chrono::seconds age) {
  std::error_code error;
  const fs::file_time_type written = fs::last_write_time(path, error);
  return !error && fs::file_time_type::clock::now() - written >= age;
}

/// Nobody works on it any more: whoever makes a file or folder there holds its lock.
bool is_abandoned(const fs::path& path) {
  std::error_code error;
  const int flags = fs::is_directory(path, error) ? O_RDONLY | O_DIRECTORY : O_RDONLY;
  try {
    return try_lock(open_file(path, flags));
  } catch (const Error&) {
    return false;  // gone meanwhile, or not ours
  }
}

}  // namespace

ModelStore::ModelStore(fs::path folder)
    : folder_(std::move(folder)), blobs_(folder_), manifests_(folder_), links_(folder_, blobs_) {}

fs::path ModelStore::package_path(const StoredManifest& model) const {
  const Json config = this->config(*model.manifest);
  const auto base_name = config.find("base_name");
  std::string name = model.name.model;
  if (base_name != config.end() && base_name->is_string()) {
    const auto& text = base_name->get_ref<const std::string&>();
    if (!text.empty() && text.find('/') == std::string::npos && !text.starts_with('.')) name = text;
  }
  return links_.path(*model.manifest, name);
}

fs::path ModelStore::package_folder(const StoredManifest& model) const {
  return links_.make(*model.manifest, package_path(model).filename().string());
}

void ModelStore::copy(const ModelName& from, const ModelName& to) {
  const std::lock_guard lock(removal_);  // its blobs are not to go meanwhile
  const std::optional<std::string> text = manifests_.text(from);
  if (!text) throw Error(ErrorCode::kNotFound, "model \"" + from.short_text() + "\" not found");
  manifests_.write(to, *text);
}

bool ModelStore::remove(const ModelName& name) {
  std::optional<StoredManifest> model;
  try {
    model = manifests_.find(name);
  } catch (const Error&) {
    return manifests_.remove(name);  // not readable: nothing is known of its blobs
  }
  if (!model || !manifests_.remove(name)) return false;
  remove_unreferenced(digests_of(*model->manifest));
  const std::optional<Digest> package = model->manifest->package_digest();
  if (package && !packages().contains(*package)) links_.remove(*package);
  return true;
}

std::set<Digest> ModelStore::referenced() const {
  std::set<Digest> digests;
  for (const StoredManifest& model : manifests_.list()) digests.merge(digests_of(*model.manifest));
  return digests;
}

std::set<Digest> ModelStore::packages() const {
  std::set<Digest> digests;
  for (const StoredManifest& model : manifests_.list()) {
    if (auto digest = model.manifest->package_digest()) digests.insert(*digest);
  }
  return digests;
}

std::size_t ModelStore::remove_unreferenced(const std::set<Digest>& digests) {
  const std::lock_guard lock(removal_);
  if (!manifests_.all_readable()) {
    telemetry::log(LogLevel::kWarning, "no blobs are removed while a manifest cannot be read",
                   {{"store", folder_.string()}});
    return 0;
  }
  const std::set<Digest> needed = referenced();
  std::set<Digest> unneeded;
  std::set_difference(digests.begin(), digests.end(), needed.begin(), needed.end(),
                      std::inserter(unneeded, unneeded.end()));
  return blobs_.remove(unneeded);
}

std::size_t ModelStore::remove_unfinished(const RepairOptions& options) const {
  std::size_t removed = 0;
  std::error_code ignored;
  for (const fs::path& path : folder_entries(blobs_.unfinished())) {
    if (is_abandoned(path) && remove_tree(path)) ++removed;
  }
  for (const fs::path& path : folder_entries(folder_ / "axllama" / "partial")) {
    const bool unwanted = older_than(path, options.partial_age) || PartialFile::is_left_over(path);
    if (unwanted && is_abandoned(path) && remove_file(path, ignored)) ++removed;
  }
  return removed;
}

std::size_t ModelStore::remove_damaged() {
  std::size_t removed = 0;
  for (const StoredManifest& model : manifests_.list()) {
    std::vector<Layer> layers = model.manifest->layers;
    layers.push_back(model.manifest->config);
    for (const Layer& layer : layers) {
      const auto size = blobs_.size(layer.digest);
      if (!size || *size == layer.size) continue;
      telemetry::log(LogLevel::kWarning, "a damaged blob is removed; pull the model again",
                     {{"model", model.name.short_text()},
                      {"blob", layer.digest.text()},
                      {"bytes", std::to_string(*size)},
                      {"expected", std::to_string(layer.size)}});
      removed += blobs_.remove({layer.digest});
    }
  }
  return removed;
}

RepairSummary ModelStore::repair(const RepairOptions& options) {
  RepairSummary summary;
  summary.renamed_blobs = blobs_.rename_old();
  summary.unfinished_files = remove_unfinished(options);
  summary.damaged_blobs = remove_damaged();
  if (options.prune) {
    std::set<Digest> old;
    for (const Digest& digest : blobs_.list()) {
      if (older_than(blobs_.path(digest), options.least_age)) old.insert(digest);
    }
    if (!old.empty()) summary.unreferenced_blobs = remove_unreferenced(old);
    summary.empty_folders = manifests_.remove_empty_folders();
  }
  if (manifests_.all_readable()) summary.stale_packages = links_.keep_only(packages());
  if (summary.unfinished_files + summary.damaged_blobs + summary.unreferenced_blobs + summary.stale_packages +
          summary.renamed_blobs + summary.empty_folders >
      0) {
    telemetry::log(LogLevel::kInfo, "the store was repaired",
                   {{"store", folder_.string()},
                    {"unfinished_files", std::to_string(summary.unfinished_files)},
                    {"damaged_blobs", std::to_string(summary.damaged_blobs)},
                    {"unreferenced_blobs", std::to_string(summary.unreferenced_blobs)},
                    {"stale_packages", std::to_string(summary.stale_packages)},
                    {"renamed_blobs", std::to_string(summary.renamed_blobs)},
                    {"empty_folders", std::to_string(summary.empty_folders)}});
  }
  return summary;
}

}  // namespace axllama::store
