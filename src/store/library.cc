#include "store/library.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "store/sha256.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

/// Files up to this size take part in a digest with their contents, larger ones with name, size and time:
/// listing must not read gigabytes of weights.
constexpr std::uint64_t kDigestedWhole = 64 * 1024;
constexpr std::string_view kDefaultTag = "latest";

struct PackageFile {
  std::string name;
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The entries of a folder; none when it is not there or not readable.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<PackageFile> files_of(const fs::path& folder) {
  std::vector<PackageFile> files;
  for (const fs::path& path : entries(folder)) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    files.push_back(
        {path.filename().string(), static_cast<std::uint64_t>(status.st_size),
         std::chrono::system_clock::time_point(std::chrono::seconds(status.st_mtim.tv_sec) +
                                               std::chrono::nanoseconds(status.st_mtim.tv_nsec))});
  }
  return files;
}

bool is_package(const std::vector<PackageFile>& files) {
  return std::any_of(files.begin(), files.end(),
                     [](const PackageFile& file) { return file.name.ends_with(".axmodel"); });
}

std::string digest_of(const fs::path& folder, const std::vector<PackageFile>& files) {
  Sha256 hash;
  for (const PackageFile& file : files) {
    hash.update(file.name);
    hash.update(":" + std::to_string(file.size) + ":");
    if (file.size > kDigestedWhole) {
      hash.update(std::to_string(file.modified.time_since_epoch().count()) + "\n");
      continue;
    }
    try {
      hash.update(base::MappedFile(folder / file.name).bytes());
    } catch (const Error& error) {  // unreadable: opening the package will say so
      hash.update(error.message());
    }
    hash.update("\n");
  }
  return hash.hex();
}

/// "Name" -> "name:latest", "name:Tag" -> "name:tag".
std::string canonical(const std::string& name) {
  const std::string text = lower(name);
  const auto slash = text.rfind('/');
  const bool has_tag = text.find(':', slash == std::string::npos ? 0 : slash) != std::string::npos;
  return has_tag ? text : text + ":" + std::string(kDefaultTag);
}

ModelRecord record_of(const fs::path& folder, const std::vector<PackageFile>& files) {
  ModelRecord record;
  record.name = folder.filename().string();
  if (record.name.find(':') == std::string::npos) record.name += ":" + std::string(kDefaultTag);
  record.folder = folder;
  record.digest = digest_of(folder, files);
  for (const PackageFile& file : files) {
    record.size += file.size;
    record.modified_at = std::max(record.modified_at, file.modified);
  }
  return record;
}

}  // namespace

Library::Library(std::vector<fs::path> roots) : roots_(std::move(roots)) {}

std::vector<ModelRecord> Library::list() const {
  std::vector<ModelRecord> records;
  for (const fs::path& root : roots_) {
    for (const fs::path& folder : entries(root)) {
      std::error_code error;
      if (!fs::is_directory(folder, error)) continue;
      const std::vector<PackageFile> files = files_of(folder);
      if (!is_package(files)) continue;
      ModelRecord record = record_of(folder, files);
      // An earlier root hides a model of the same name in a later one.
      const bool hidden = std::any_of(records.begin(), records.end(), [&record](const ModelRecord& other) {
        return canonical(other.name) == canonical(record.name);
      });
      if (!hidden) records.push_back(std::move(record));
    }
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const ModelRecord& a, const ModelRecord& b) { return a.modified_at > b.modified_at; });
  return records;
}

ModelRecord Library::find(const std::string& name) const {
  const std::string wanted = canonical(name);
  for (ModelRecord& record : list()) {
    if (canonical(record.name) == wanted) return std::move(record);
  }
  throw Error(ErrorCode::kNotFound, "model '" + name + "' not found");
}

std::shared_ptr<const model::Package> Library::open(const ModelRecord& record) const {
  {
    const std::lock_guard lock(mutex_);
    if (auto package = open_[record.digest].lock()) return package;
  }
  // Read without the lock: others may list and open other models meanwhile.
  auto package = model::Package::open(record.folder);
  const std::lock_guard lock(mutex_);
  auto& slot = open_[record.digest];
  if (auto first = slot.lock()) return first;
  slot = package;
  std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
  return package;
}

}  // namespace axllama::store
