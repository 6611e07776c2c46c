#include "store/durable_file.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

}  // namespace

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
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, mode));
  if (!file) throw_file_error("open", path, errno);
  return file;
}

void write_all(const Descriptor& file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_file_error("write", path, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void sync_file(const Descriptor& file, const fs::path& path) {
  if (::fsync(file.get()) != 0) throw_file_error("write", path, errno);
}

void sync_folder(const fs::path& folder) {
  const Descriptor descriptor = open_file(folder, O_RDONLY | O_DIRECTORY);
  // Some file systems (network, FAT) cannot sync a folder; nothing more can be done there.
  if (::fsync(descriptor.get()) != 0 && errno != EINVAL && errno != EROFS) {
    throw_file_error("write", folder, errno);
  }
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw_file_error("make the folder", folder, error.value());
}

void rename_durably(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw_file_error("make", to, error.value());
  sync_folder(to.parent_path());
}

void replace_file(const fs::path& path, std::string_view text, const fs::path& beside, mode_t mode) {
  make_folders(beside);
  const fs::path unfinished = beside / unique_name();
  try {
    const Descriptor file = open_file(unfinished, O_WRONLY | O_CREAT | O_EXCL, mode);
    write_all(file, text, unfinished);
    sync_file(file, unfinished);
    make_folders(path.parent_path());
    rename_durably(unfinished, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(unfinished, ignored);
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
