#include "store/blob_store.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr std::size_t kCopyBytes = 1024 * 1024;

/// Reads a file to its end.
void read_through(const fs::path& path, const CopyProgress& progress,
                  const std::function<void(std::string_view)>& take) {
  const Descriptor file = open_file(path, O_RDONLY);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kInvalidArgument, path.string() + " is not a file");
  }
  std::string part(kCopyBytes, '\0');
  std::uint64_t done = 0;
  while (true) {
    const ssize_t count = ::read(file.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("read", path, errno);
    if (count == 0) return;
    take({part.data(), static_cast<std::size_t>(count)});
    done += static_cast<std::uint64_t>(count);
    if (progress) progress(done, static_cast<std::uint64_t>(status.st_size));
  }
}

}  // namespace

BlobWriter::BlobWriter(BlobStore& store) : store_(store) {
  make_folders(store_.unfinished_);
  path_ = store_.unfinished_ / unique_name();
  file_ = open_file(path_, O_RDWR | O_CREAT | O_EXCL);
  static_cast<void>(try_lock(file_));  // tells the repair of other processes that this file is in use
}

BlobWriter::~BlobWriter() {
  std::error_code ignored;
  if (!path_.empty()) remove_file(path_, ignored);
}

void BlobWriter::write(std::string_view bytes) {
  write_all(file_, bytes, path_);
  hash_.update(bytes);
  size_ += bytes.size();
}

Digest BlobWriter::commit(const std::optional<Digest>& expected) {
  Digest digest = Digest::from_hex(hash_.hex());
  if (expected && *expected != digest) {
    throw Error(ErrorCode::kInvalidArgument,
                "digest mismatch, expected \"" + expected->text() + "\", got \"" + digest.text() + "\"");
  }
  sync_file(file_, path_);
  make_folders(store_.blobs_);
  rename_durably(path_, store_.path(digest));
  path_.clear();
  return digest;
}

BlobPin::BlobPin(BlobStore& store, Digest digest) : store_(store), digest_(std::move(digest)) {
  const std::lock_guard lock(store_.mutex_);
  ++store_.pins_[digest_];
}

BlobPin::~BlobPin() {
  const std::lock_guard lock(store_.mutex_);
  const auto pin = store_.pins_.find(digest_);
  if (--pin->second == 0) store_.pins_.erase(pin);
}

BlobStore::BlobStore(fs::path folder)
    : blobs_(folder / "blobs"), unfinished_(folder / "axllama" / "unfinished") {}

fs::path BlobStore::path(const Digest& digest) const {
  return blobs_ / digest.file_name();
}

std::optional<std::uint64_t> BlobStore::size(const Digest& digest) const {
  std::error_code error;
  const fs::path file = path(digest);
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? std::nullopt : std::optional<std::uint64_t>(size);
}

std::unique_ptr<BlobWriter> BlobStore::begin() {
  return std::unique_ptr<BlobWriter>(new BlobWriter(*this));
}

Digest BlobStore::put(std::string_view content) {
  const Digest digest = Digest::of(content);
  if (size(digest) == content.size()) return digest;
  const auto writer = begin();
  writer->write(content);
  return writer->commit();
}

Digest BlobStore::add_copy(const fs::path& file, const CopyProgress& progress) {
  const auto writer = begin();
  if (!clone_file(file, writer->file_, writer->path_)) {
    read_through(file, progress, [&](std::string_view part) { writer->write(part); });
    return writer->commit();
  }
  read_through(writer->path_, progress, [&](std::string_view part) {
    writer->hash_.update(part);
    writer->size_ += part.size();
  });
  return writer->commit();
}

Digest BlobStore::hash(const fs::path& file, const CopyProgress& progress) {
  Sha256 hash;
  read_through(file, progress, [&hash](std::string_view part) { hash.update(part); });
  return Digest::from_hex(hash.hex());
}

void BlobStore::adopt(const fs::path& file, const Digest& digest) {
  sync_file(open_file(file, O_RDONLY), file);
  make_folders(blobs_);
  rename_durably(file, path(digest));
}

Digest BlobStore::add_moved(const fs::path& file, const CopyProgress& progress) {
  Digest digest = hash(file, progress);
  adopt(file, digest);
  return digest;
}

std::string BlobStore::read(const Digest& digest, std::uintmax_t limit) const {
  return read_file(path(digest), limit);
}

std::size_t BlobStore::remove(const std::set<Digest>& digests) {
  std::size_t removed = 0;
  const std::lock_guard lock(mutex_);
  for (const Digest& digest : digests) {
    std::error_code ignored;
    if (!pins_.contains(digest) && remove_file(path(digest), ignored)) ++removed;
  }
  return removed;
}

std::vector<Digest> BlobStore::list() const {
  std::vector<Digest> digests;
  std::error_code error;
  for (fs::directory_iterator entry(blobs_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (auto digest = Digest::parse(name); digest && digest->file_name() == name) {
      digests.push_back(std::move(*digest));
    }
  }
  return digests;
}

std::size_t BlobStore::rename_old() {
  std::vector<fs::path> old;
  std::error_code error;
  for (fs::directory_iterator entry(blobs_, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().filename().string().starts_with("sha256:")) old.push_back(entry->path());
  }
  std::size_t renamed = 0;
  for (const fs::path& file : old) {
    const auto digest = Digest::parse(file.filename().string());
    if (!digest || contains(*digest)) continue;
    if (!rename_file(file, path(*digest))) ++renamed;
  }
  return renamed;
}

bool BlobStore::pinned(const Digest& digest) const {
  const std::lock_guard lock(mutex_);
  return pins_.contains(digest);
}

}  // namespace axllama::store
