#include "inference/kv_archive_folder.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "telemetry/log.h"

namespace axllama::inference {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtension = ".kv";
constexpr std::chrono::hours kUnfinishedFor{1};

std::uint64_t changed(const fs::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return 0;
  }
  return static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
}

/// The entries of a folder; none when it cannot be read.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    found.push_back(entry->path());
  }
  return found;
}

void remove_unfinished(const fs::path& folder) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto limit = std::chrono::duration_cast<std::chrono::nanoseconds>(now - kUnfinishedFor).count();
  for (const fs::path& model : entries(folder)) {
    for (const fs::path& file : entries(model)) {
      if (is_unfinished_kv_block(file) && changed(file) < static_cast<std::uint64_t>(limit)) {
        std::error_code ignored;
        fs::remove(file, ignored);
      }
    }
  }
}

}  // namespace

KvArchiveFolder::KvArchiveFolder(fs::path folder) : folder_(std::move(folder)) {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (!failed) {
    fs::permissions(folder_, fs::perms::owner_all, failed);
  }
  if (failed || !fs::is_directory(folder_)) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      folder_.string() + " cannot be the folder of kept conversations: " +
                          (failed ? failed.message() : "it is not a folder") + ".");
  }
  remove_unfinished(folder_);
}

fs::path KvArchiveFolder::path(const KvKey& root, const KvKey& key) const {
  return model_folder(root) / (kv_key_hex(key) + kExtension);
}

bool KvArchiveFolder::belongs(const fs::path& path, const KvKey& root) const {
  return path.parent_path() == model_folder(root);
}

std::vector<KvArchiveFolder::File> KvArchiveFolder::files() const {
  std::vector<File> found;
  for (const fs::path& model : entries(folder_)) {
    for (const fs::path& file : entries(model)) {
      std::error_code failed;
      const std::uint64_t bytes = fs::file_size(file, failed);
      if (!failed && file.extension() == kExtension) {
        found.push_back({file, bytes, changed(file)});
      }
    }
  }
  std::sort(found.begin(), found.end(), [](const File& a, const File& b) { return a.used < b.used; });
  return found;
}

void KvArchiveFolder::prepare(const KvKey& root) const noexcept {
  std::error_code ignored;
  fs::create_directories(model_folder(root), ignored);
}

std::vector<KvArchiveFolder::Block> KvArchiveFolder::blocks(const KvKey& root, const KvLayout& layout,
                                                            std::size_t most_tokens) const {
  std::vector<Block> found;
  std::size_t unusable = 0;
  std::string reason;
  for (const fs::path& file : entries(model_folder(root))) {
    if (is_unfinished_kv_block(file)) {
      continue;
    }
    try {
      KvBlockHeader header = read_kv_block_header(file);
      if (file != path(root, header.key) || header.layout != layout || header.tokens.size() > most_tokens) {
        throw base::Error(base::ErrorCode::kInvalidArgument, file.string() + " belongs to something else.");
      }
      found.push_back({std::move(header), changed(file)});
    } catch (const base::Error& error) {
      reason = ++unusable == 1 ? error.message() : reason;
    }
  }
  if (unusable > 0) {
    telemetry::log(telemetry::LogLevel::kWarning, "files among the kept conversations are ignored",
                   {{"files", std::to_string(unusable)}, {"first", reason}});
  }
  return found;
}

void KvArchiveFolder::remove(const fs::path& path) const noexcept {
  std::error_code ignored;
  fs::remove(path, ignored);
}

void KvArchiveFolder::touch(const fs::path& path) const noexcept {
  ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
}

}  // namespace axllama::inference
