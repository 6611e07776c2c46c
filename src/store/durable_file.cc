#include "store/durable_file.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/folder_entries.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr mode_t kFolder = 0777;  // less the umask

std::atomic<DiskObserver> disk_observer{nullptr};

void begin_step(DiskStep step, const fs::path& path, const fs::path& to = {}) {
  if (const DiskObserver observer = disk_observer) observer(step, path, to);
}

/// Calls `write` (as write(2), with what is left) until all is written.
template <typename Write>
void write_through(std::string_view bytes, const fs::path& path, const Write& write) {
  while (!bytes.empty()) {
    begin_step(DiskStep::kWrite, path);
    const ssize_t written = write(bytes);
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_file_error("write", path, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void observe_disk(DiskObserver observer) noexcept {
  disk_observer = observer;
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

void Descriptor::close() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

void throw_file_error(const std::string& doing, const fs::path& path, int error) {
  ErrorCode code = ErrorCode::kInvalidArgument;
  if (error == ENOSPC || error == EDQUOT) code = ErrorCode::kResourceExhausted;
  if (error == ENOENT) code = ErrorCode::kNotFound;
  throw Error(code, "cannot " + doing + " " + path.string() + ": " + std::strerror(error));
}

Descriptor open_file(const fs::path& path, int flags, mode_t mode) {
  if ((flags & O_CREAT) != 0) begin_step(DiskStep::kMakeFile, path);
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!file) throw_file_error("open", path, errno);
  return file;
}

void write_all(const Descriptor& file, std::string_view bytes, const fs::path& path) {
  write_through(bytes, path,
                [&file](std::string_view left) { return ::write(file.get(), left.data(), left.size()); });
}

void write_all_at(const Descriptor& file, std::uint64_t offset, std::string_view bytes,
                  const fs::path& path) {
  const std::uint64_t end = offset + bytes.size();
  write_through(bytes, path, [&file, end](std::string_view left) {
    return ::pwrite(file.get(), left.data(), left.size(), static_cast<off_t>(end - left.size()));
  });
}

void resize_file(const Descriptor& file, std::uint64_t size, const fs::path& path) {
  begin_step(DiskStep::kWrite, path);
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) throw_file_error("write", path, errno);
}

bool clone_file(const fs::path& from, const Descriptor& to, const fs::path& to_path) {
  const Descriptor source = open_file(from, O_RDONLY);
  begin_step(DiskStep::kWrite, to_path);
  return ::ioctl(to.get(), FICLONE, source.get()) == 0;
}

void sync_file(const Descriptor& file, const fs::path& path) {
  begin_step(DiskStep::kForce, path);
  if (::fsync(file.get()) != 0) throw_file_error("write", path, errno);
}

void sync_folder(const fs::path& folder) {
  const fs::path name = folder.empty() ? fs::path(".") : folder;
  const Descriptor descriptor = open_file(name, O_RDONLY | O_DIRECTORY);
  begin_step(DiskStep::kForce, name);
  // Some file systems (network, FAT) cannot sync a folder; nothing more can be done there.
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL && errno != EROFS) {
    throw_file_error("write", name, errno);
  }
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return;
  make_folders(folder.parent_path());
  begin_step(DiskStep::kMakeFolder, folder);
  const int failure = ::mkdir(folder.c_str(), kFolder) == 0 ? 0 : errno;
  if (failure == 0) {
    sync_folder(folder.parent_path());
  } else if (failure != EEXIST || !fs::is_directory(folder, error)) {  // another thread may be faster
    throw_file_error("make the folder", folder, failure);
  }
}

std::error_code link_file(const fs::path& file, const fs::path& to) {
  std::error_code error;
  begin_step(DiskStep::kLink, file, to);
  fs::create_hard_link(file, to, error);
  if (error) fs::create_symlink(fs::absolute(file), to, error);
  return error;
}

std::error_code rename_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  begin_step(DiskStep::kRename, from, to);
  fs::rename(from, to, error);
  return error;
}

bool remove_file(const fs::path& path, std::error_code& error) {
  begin_step(DiskStep::kRemove, path);
  return fs::remove(path, error);
}

bool remove_tree(const fs::path& path) {
  bool removed = false;
  std::error_code ignored;
  if (fs::is_directory(fs::symlink_status(path, ignored))) {
    for (const fs::path& entry : folder_entries(path)) removed = remove_tree(entry) || removed;
  }
  return remove_file(path, ignored) || removed;
}

void rename_durably(const fs::path& from, const fs::path& to) {
  if (const std::error_code error = rename_file(from, to)) throw_file_error("make", to, error.value());
  sync_folder(to.parent_path());
}

void replace_file(const fs::path& path, std::string_view text, const fs::path& beside, mode_t mode) {
  make_folders(beside);
  const fs::path unfinished = beside / unique_name();
  try {
    const Descriptor file = open_file(unfinished, O_WRONLY | O_CREAT | O_EXCL, mode);
    static_cast<void>(try_lock(file));  // tells the repair of other processes that this file is in use
    write_all(file, text, unfinished);
    sync_file(file, unfinished);
    make_folders(path.parent_path());
    rename_durably(unfinished, path);
  } catch (...) {
    std::error_code ignored;
    remove_file(unfinished, ignored);
    throw;
  }
}

std::string read_file(const fs::path& path, std::uintmax_t limit) {
  const Descriptor file = open_file(path, O_RDONLY);
  std::string text;
  std::string part(64 * 1024, '\0');
  while (true) {
    const ssize_t count = ::read(file.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("read", path, errno);
    if (count == 0) return text;
    text.append(part, 0, static_cast<std::size_t>(count));
    if (text.size() > limit) {
      throw Error(ErrorCode::kInvalidArgument, path.string() + " is larger than the " +
                                                   std::to_string(limit) +
                                                   " bytes that such a file may have");
    }
  }
}

bool try_lock(const Descriptor& file) noexcept {
  return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

std::string unique_name() {
  static std::atomic<unsigned> counter{0};
  return std::to_string(::getpid()) + "-" + std::to_string(counter++);
}

}  // namespace axllama::store
