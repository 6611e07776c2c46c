#include "store/transfer/partial_file.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include <fcntl.h>

#include "base/error.h"
#include "store/json.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr std::uintmax_t kMostListBytes = 16 * 1024 * 1024;
constexpr const char* kListEnding = ".parts";
constexpr const char* kUnfinishedEnding = ".new";  // of a list

struct PartList {
  std::uint64_t part_bytes = 0;
  std::set<std::uint64_t> done;
};

/// Empty when there is none, or one of another size.
std::optional<PartList> read_list(const fs::path& path, std::uint64_t size) {
  try {
    const Json list = Json::parse(read_file(path, kMostListBytes));
    if (list.at("size").get<std::uint64_t>() != size) return std::nullopt;
    PartList parts{.part_bytes = list.at("part_bytes").get<std::uint64_t>(), .done = {}};
    for (const Json& part : list.at("done")) parts.done.insert(part.get<std::uint64_t>());
    if (parts.part_bytes == 0) return std::nullopt;
    return parts;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

PartialFile::PartialFile(const fs::path& folder, const std::string& key, std::uint64_t size,
                         std::uint64_t part_bytes)
    : path_(folder / key), list_(folder / (key + kListEnding)), size_(size), part_bytes_(part_bytes) {
  make_folders(folder);
  file_ = open_file(path_, O_RDWR | O_CREAT);
  if (!try_lock(file_)) {
    throw Error(ErrorCode::kUnavailable,
                "another transfer is fetching the same file; try again when it is done", path_.string());
  }
  std::error_code error;
  const bool same_size = fs::file_size(path_, error) == size_;
  if (auto list = read_list(list_, size_); list && same_size) {
    part_bytes_ = list->part_bytes;
    done_ = std::move(list->done);
  }
  part_count_ = (size_ + part_bytes_ - 1) / part_bytes_;
  resize_file(file_, size_, path_);
}

std::uint64_t PartialFile::part_end(std::uint64_t part) const noexcept {
  return std::min((part + 1) * part_bytes_, size_);
}

std::vector<std::uint64_t> PartialFile::missing() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> parts;
  for (std::uint64_t part = 0; part < part_count_; ++part) {
    if (!done_.contains(part)) parts.push_back(part);
  }
  return parts;
}

std::uint64_t PartialFile::bytes_of(const std::set<std::uint64_t>& parts) const {
  std::uint64_t bytes = 0;
  for (const std::uint64_t part : parts) bytes += part_end(part) - part_begin(part);
  return bytes;
}

std::uint64_t PartialFile::completed() const {
  const std::lock_guard lock(mutex_);
  return bytes_of(done_);
}

void PartialFile::write(std::uint64_t offset, std::string_view bytes) {
  write_all_at(file_, offset, bytes, path_);
}

void PartialFile::complete(std::uint64_t part) {
  sync_file(file_, path_);  // before the list says so
  const std::lock_guard lock(mutex_);
  done_.insert(part);
  if (part_count_ == 1) return;  // nothing to go on with
  Json list;
  list["size"] = size_;
  list["part_bytes"] = part_bytes_;
  list["done"] = Json::array();
  for (const std::uint64_t done : done_) list["done"].push_back(done);
  const std::string text = list.dump();
  const fs::path unfinished = list_.string() + kUnfinishedEnding;
  const Descriptor file = open_file(unfinished, O_WRONLY | O_CREAT | O_TRUNC);
  write_all(file, text, unfinished);
  sync_file(file, unfinished);
  rename_durably(unfinished, list_);
}

void PartialFile::discard() {
  std::error_code ignored;
  remove_file(path_, ignored);
  finished();
}

void PartialFile::finished() {
  std::error_code ignored;
  remove_file(list_, ignored);
}

bool PartialFile::is_left_over(const fs::path& path) {
  fs::path file = path;
  if (file.extension() == kUnfinishedEnding) file.replace_extension();
  if (file.extension() != kListEnding) return false;
  std::error_code error;
  return !fs::exists(file.replace_extension(), error) && !error;
}

std::uint64_t PartialFile::completed_on_disk(const fs::path& folder, const std::string& key,
                                             std::uint64_t size) {
  const auto list = read_list(folder / (key + kListEnding), size);
  if (!list) return 0;
  std::uint64_t bytes = 0;
  for (const std::uint64_t part : list->done) {
    bytes += std::min((part + 1) * list->part_bytes, size) - std::min(part * list->part_bytes, size);
  }
  return bytes;
}

}  // namespace axllama::store
