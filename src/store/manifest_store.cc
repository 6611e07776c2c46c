#include "store/manifest_store.h"

#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include <sys/stat.h>

#include "base/error.h"
#include "store/durable_file.h"
#include "store/folder_entries.h"
#include "telemetry/log.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr std::uintmax_t kMostManifestBytes = 16 * 1024 * 1024;
constexpr std::size_t kMostCached = 4096;

/// What tells that a file has changed.
using Stamp = std::tuple<std::int64_t, std::int64_t, std::uint64_t, std::int64_t>;

std::optional<std::pair<Stamp, std::chrono::system_clock::time_point>> stamp_of(const fs::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const auto modified = std::chrono::system_clock::time_point(
      std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec));
  return std::pair(Stamp(status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ino, status.st_size),
                   modified);
}

/// The four levels below a folder of manifests.
std::vector<std::pair<ModelName, fs::path>> manifest_files(const fs::path& manifests) {
  std::vector<std::pair<ModelName, fs::path>> files;
  for (const fs::path& host : folder_entries(manifests)) {
    for (const fs::path& space : folder_entries(host)) {
      for (const fs::path& model : folder_entries(space)) {
        for (const fs::path& tag : folder_entries(model)) {
          const auto name = ModelName::parse(host.filename().string() + "/" + space.filename().string() +
                                             "/" + model.filename().string() + ":" + tag.filename().string());
          if (name) files.emplace_back(*name, tag);
        }
      }
    }
  }
  return files;
}

}  // namespace

struct ManifestStore::Entry {
  Stamp stamp;
  std::optional<Digest> digest;
  std::shared_ptr<const Manifest> manifest;  // null: cannot be used
  std::string problem;
};

struct ManifestStore::Listing {
  std::vector<StoredManifest> manifests;
  bool complete = true;
};

ManifestStore::ManifestStore(fs::path folder)
    : manifests_(folder / "manifests"), unfinished_(folder / "axllama" / "unfinished") {}

StoredManifest ManifestStore::read(const ModelName& name, const fs::path& file) const {
  const auto stamp = stamp_of(file);
  if (!stamp) throw Error(ErrorCode::kNotFound, "there is no manifest " + file.string());
  const std::lock_guard lock(mutex_);
  auto found = cache_.find(file);
  if (found == cache_.end() || found->second->stamp != stamp->first) {
    Entry entry{.stamp = stamp->first, .digest = {}, .manifest = {}, .problem = {}};
    try {
      const std::string text = read_file(file, kMostManifestBytes);
      entry.digest = Digest::of(text);
      entry.manifest = std::make_shared<const Manifest>(Manifest::parse(text));
    } catch (const Error& error) {
      entry.problem = error.message();
      telemetry::log(telemetry::LogLevel::kWarning, "a model of the store cannot be used",
                     {{"manifest", file.string()}, {"error", error.message()}});
    }
    if (cache_.size() >= kMostCached) cache_.clear();
    found = cache_.insert_or_assign(file, std::make_shared<const Entry>(std::move(entry))).first;
  }
  const Entry& entry = *found->second;
  if (!entry.manifest) throw Error(ErrorCode::kInvalidArgument, file.string() + ": " + entry.problem);
  return {.name = name, .digest = *entry.digest, .modified_at = stamp->second, .manifest = entry.manifest};
}

ManifestStore::Listing ManifestStore::read_all() const {
  Listing listing;
  for (const auto& [name, file] : manifest_files(manifests_)) {
    try {
      listing.manifests.push_back(read(name, file));
    } catch (const Error& error) {
      listing.complete = listing.complete && error.code() == ErrorCode::kNotFound;  // removed meanwhile
    }
  }
  return listing;
}

std::vector<StoredManifest> ManifestStore::list() const {
  return read_all().manifests;
}

bool ManifestStore::all_readable() const {
  return read_all().complete;
}

std::optional<fs::path> ManifestStore::existing(const ModelName& name) const {
  std::error_code error;
  fs::path path = manifests_;
  for (const fs::path& part : name.path()) {
    if (fs::exists(path / part, error)) {
      path /= part;
      continue;
    }
    std::optional<fs::path> match;
    for (const fs::path& entry : folder_entries(path)) {
      if (equal_ignoring_case(entry.filename().string(), part.string())) match = entry;
    }
    if (!match) return std::nullopt;
    path = *match;
  }
  return fs::is_regular_file(path, error) ? std::optional(path) : std::nullopt;
}

std::optional<StoredManifest> ManifestStore::find(const ModelName& name) const {
  const std::optional<fs::path> file = existing(name);
  if (!file) return std::nullopt;
  const fs::path relative = file->lexically_relative(manifests_);
  const fs::path model = relative.parent_path();
  const auto stored = ModelName::parse(model.string() + ":" + relative.filename().string());
  return read(stored.value_or(name), *file);
}

std::optional<std::string> ManifestStore::text(const ModelName& name) const {
  const std::optional<fs::path> file = existing(name);
  return file ? std::optional(read_file(*file, kMostManifestBytes)) : std::nullopt;
}

Digest ManifestStore::write(const ModelName& name, const std::string& text) {
  Digest digest = Digest::of(text);
  replace_file(existing(name).value_or(manifests_ / name.path()), text, unfinished_);
  return digest;
}

std::size_t ManifestStore::remove_empty_folders() {
  std::size_t removed = 0;
  std::error_code failed;
  // From the innermost level outwards; a folder with something in it stays by itself.
  for (const fs::path& host : folder_entries(manifests_)) {
    for (const fs::path& space : folder_entries(host)) {
      for (const fs::path& model : folder_entries(space)) {
        if (fs::is_directory(model, failed) && remove_file(model, failed)) ++removed;
      }
      if (fs::is_directory(space, failed) && remove_file(space, failed)) ++removed;
    }
    if (fs::is_directory(host, failed) && remove_file(host, failed)) ++removed;
  }
  return removed;
}

bool ManifestStore::remove(const ModelName& name) {
  const std::optional<fs::path> file = existing(name);
  if (!file) return false;
  std::error_code error;
  if (!remove_file(*file, error)) {
    if (error) throw_file_error("remove", *file, error.value());
    return false;
  }
  sync_folder(file->parent_path());
  for (fs::path folder = file->parent_path(); folder != manifests_ && remove_file(folder, error);) {
    folder = folder.parent_path();
  }
  return true;
}

}  // namespace axllama::store
