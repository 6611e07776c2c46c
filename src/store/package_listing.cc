#include "store/package_listing.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

#include <sys/stat.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "store/sha256.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using TimePoint = std::chrono::system_clock::time_point;

/// Files up to this size take part in a digest with their contents, larger ones with name, size and time:
/// listing must not read gigabytes of weights.
constexpr std::uint64_t kDigestedWhole = 64 * 1024;

struct PackageFile {
  std::string name;
  std::uint64_t size = 0;
  TimePoint modified;
  TimePoint changed;
};

TimePoint time_of(const timespec& time) {
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
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
    files.push_back({path.filename().string(), static_cast<std::uint64_t>(status.st_size),
                     time_of(status.st_mtim), time_of(status.st_ctim)});
  }
  return files;
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
    } catch (const base::Error& error) {  // unreadable: opening the package will say so
      hash.update(error.message());
    }
    hash.update("\n");
  }
  return hash.hex();
}

bool is_unfinished(std::string_view name) {
  constexpr std::array<std::string_view, 8> kEndings{".part",  ".partial", ".tmp",        ".incomplete",
                                                     ".aria2", ".swp",     ".crdownload", ".filepart"};
  return name.starts_with('.') || std::any_of(kEndings.begin(), kEndings.end(),
                                              [name](auto ending) { return name.ends_with(ending); });
}

}  // namespace

std::vector<PackageListing> list_packages(const fs::path& root) {
  std::vector<PackageListing> packages;
  for (const fs::path& folder : entries(root)) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) continue;
    const std::vector<PackageFile> files = files_of(folder);
    if (std::none_of(files.begin(), files.end(),
                     [](const PackageFile& file) { return file.name.ends_with(".axmodel"); })) {
      continue;
    }
    PackageListing listing;
    listing.folder = folder;
    listing.digest = digest_of(folder, files);
    for (const PackageFile& file : files) {
      listing.bytes += file.size;
      listing.modified_at = std::max(listing.modified_at, file.modified);
      listing.changed_at = std::max(listing.changed_at, file.changed);
      listing.has_unfinished_files = listing.has_unfinished_files || is_unfinished(file.name);
    }
    packages.push_back(std::move(listing));
  }
  return packages;
}

}  // namespace axllama::store
