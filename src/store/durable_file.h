#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/types.h>

namespace axllama::store {

/// Permissions of the store's files: everybody's to read.
inline constexpr mode_t kSharedFile = 0644;
/// Of files that hold secrets.
inline constexpr mode_t kPrivateFile = 0600;

/// An open file descriptor, closed at the end. Movable.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  void close() noexcept;

 private:
  int number_ = -1;
};

/// Throws Error naming the file and the system's reason: kResourceExhausted for a full disk, kNotFound,
/// else kInvalidArgument.
[[noreturn]] void throw_file_error(const std::string& doing, const std::filesystem::path& path, int error);

/// What changes a disk.
enum class DiskStep { kMakeFolder, kMakeFile, kWrite, kForce, kRename, kLink, kRemove };
/// Told of each step before it is taken: what is changed, and for kRename and kLink the other name.
using DiskObserver = void (*)(DiskStep step, const std::filesystem::path& path,
                              const std::filesystem::path& to);
/// For tests, which end the program at each step. Null, as at the start: nobody. Thread-safe.
void observe_disk(DiskObserver observer) noexcept;

/// Opens with open(2)'s flags (close-on-exec is added); `mode`: of a file that is made. Throws Error.
Descriptor open_file(const std::filesystem::path& path, int flags, mode_t mode = kSharedFile);
/// Writes all of it. Throws Error naming `path`.
void write_all(const Descriptor& file, std::string_view bytes, const std::filesystem::path& path);
/// Likewise, from a place in the file on.
void write_all_at(const Descriptor& file, std::uint64_t offset, std::string_view bytes,
                  const std::filesystem::path& path);
/// Cuts a file or fills it up with zeros. Throws Error.
void resize_file(const Descriptor& file, std::uint64_t size, const std::filesystem::path& path);
/// Makes `to` a copy that shares the blocks of `from`; false where the file system cannot.
bool clone_file(const std::filesystem::path& from, const Descriptor& to,
                const std::filesystem::path& to_path);
/// Forces a file's or a folder's content to the disk. Throws Error.
void sync_file(const Descriptor& file, const std::filesystem::path& path);
void sync_folder(const std::filesystem::path& folder);

/// Makes a folder and those above it, and forces those it makes to the disk. Throws Error.
void make_folders(const std::filesystem::path& folder);

/// A hard link, which the removal of `file` does not break; where that is not allowed (another owner's files,
/// other file systems) a symbolic one.
std::error_code link_file(const std::filesystem::path& file, const std::filesystem::path& to);
std::error_code rename_file(const std::filesystem::path& from, const std::filesystem::path& to);
/// Removes a file or an empty folder; false when there is none or it cannot be removed (`error`).
bool remove_file(const std::filesystem::path& path, std::error_code& error);
/// Removes a file, or a folder and what is in it, as far as possible; whether anything went.
bool remove_tree(const std::filesystem::path& path);

/// Renames and forces the rename to the disk. Throws Error.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// The file holds `text` or what it held before, whatever happens meanwhile. `beside`: folder on the same
/// file system for the unfinished file.
void replace_file(const std::filesystem::path& path, std::string_view text,
                  const std::filesystem::path& beside, mode_t mode = kSharedFile);

/// A whole small file; throws Error when it cannot be read or holds more than `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::uintmax_t limit);

/// Takes the file's exclusive lock (flock), which ends with the descriptor; false when another holds it.
bool try_lock(const Descriptor& file) noexcept;

/// A name no other process and thread uses, for unfinished files.
std::string unique_name();

}  // namespace axllama::store
