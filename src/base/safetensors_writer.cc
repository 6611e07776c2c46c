#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <set>
#include <system_error>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/safetensors.h"

namespace axllama::base {
namespace {

constexpr std::size_t kTensorAlignment = 64;

std::size_t align_up(std::size_t value) noexcept {
  return (value + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
}

/// A new file that becomes `target` on commit() and disappears otherwise.
class PendingFile {
 public:
  explicit PendingFile(const std::filesystem::path& target) : target_(target) {
    static std::atomic<unsigned> counter{0};
    temporary_ = target.string() + ".tmp" + std::to_string(::getpid()) + "." + std::to_string(counter++);
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ < 0) fail("create", errno);
  }
  ~PendingFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!committed_) ::unlink(temporary_.c_str());
  }
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        fail("write", errno);
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  void commit() {
    if (::fdatasync(fd_) != 0 && errno != EINVAL) fail("write", errno);
    const int fd = fd_;
    fd_ = -1;
    if (::close(fd) != 0) fail("write", errno);
    if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail("rename", errno);
    committed_ = true;
  }

 private:
  [[noreturn]] void fail(const char* action, int error_number) const {
    const bool full = error_number == ENOSPC || error_number == EDQUOT;
    throw Error(full ? ErrorCode::kResourceExhausted : ErrorCode::kInvalidArgument,
                std::string("cannot ") + action + " " + target_.string() + ": " +
                    std::generic_category().message(error_number));
  }

  std::filesystem::path target_;
  std::string temporary_;
  int fd_ = -1;
  bool committed_ = false;
};

void check_entry(const std::filesystem::path& path, const SafetensorsEntry& entry,
                 std::set<std::string_view>& names) {
  std::uint64_t bytes = safetensors_dtype_size(entry.dtype);
  bool representable = true;
  for (const std::int64_t dim : entry.shape) {
    representable =
        representable && dim >= 0 && !__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dim), &bytes);
  }
  if (!representable || bytes != entry.data.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                path.string() + ": tensor " + entry.name + " needs " +
                    (representable ? std::to_string(bytes) : std::string("an impossible number of")) +
                    " bytes by its shape but " + std::to_string(entry.data.size()) + " were given.");
  }
  if (entry.name == "__metadata__" || !names.insert(entry.name).second) {
    throw Error(ErrorCode::kInvalidArgument,
                path.string() + ": the tensor name \"" + entry.name + "\" is reserved or used twice.");
  }
}

std::string header_text(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                        const std::vector<SafetensorsEntry>& entries) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::set<std::string_view> names;
  std::size_t offset = 0;
  for (const SafetensorsEntry& entry : entries) {
    check_entry(path, entry, names);
    header[entry.name] = {{"dtype", entry.dtype},
                          {"shape", entry.shape},
                          {"data_offsets", {offset, offset + entry.data.size()}}};
    offset = align_up(offset + entry.data.size());
  }
  try {
    std::string text = header.dump();
    text.resize(align_up(text.size() + sizeof(std::uint64_t)) - sizeof(std::uint64_t), ' ');
    return text;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorCode::kInvalidArgument,
                path.string() + ": a tensor name or metadata field is not valid UTF-8.", e.what());
  }
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<SafetensorsEntry>& entries) {
  const std::string header = header_text(path, metadata, entries);
  std::array<std::byte, sizeof(std::uint64_t)> length{};
  for (std::size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<std::byte>((static_cast<std::uint64_t>(header.size()) >> (8 * i)) & 0xFFU);
  }
  PendingFile file(path);
  file.write(length);
  file.write(std::as_bytes(std::span(header)));
  static constexpr std::array<std::byte, kTensorAlignment> kPadding{};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::span<const std::byte> data = entries[i].data;
    file.write(data);
    if (i + 1 < entries.size()) {
      file.write(std::span(kPadding).first(align_up(data.size()) - data.size()));
    }
  }
  file.commit();
}

}  // namespace axllama::base
