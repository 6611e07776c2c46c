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

std::string size_error(const std::filesystem::path& path, const std::string& tensor,
                       const std::string& needed, std::uint64_t given) {
  return path.string() + ": tensor " + tensor + " needs " + needed + " bytes by its shape but " +
         std::to_string(given) + " were given.";
}

/// Bytes of a tensor by its shape.
std::uint64_t checked_size(const std::filesystem::path& path, const SafetensorsStream& stream,
                           std::set<std::string_view>& names) {
  std::uint64_t bytes = safetensors_dtype_size(stream.dtype);
  bool representable = true;
  for (const std::int64_t dim : stream.shape) {
    representable =
        representable && dim >= 0 && !__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dim), &bytes);
  }
  if (!representable) {
    throw Error(ErrorCode::kInvalidArgument, size_error(path, stream.name, "an impossible number of", 0));
  }
  if (stream.name == "__metadata__" || !names.insert(stream.name).second) {
    throw Error(ErrorCode::kInvalidArgument,
                path.string() + ": the tensor name \"" + stream.name + "\" is reserved or used twice.");
  }
  return bytes;
}

std::string header_text(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                        const std::vector<SafetensorsStream>& streams, std::vector<std::uint64_t>& sizes) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::set<std::string_view> names;
  std::size_t offset = 0;
  for (const SafetensorsStream& stream : streams) {
    const std::uint64_t bytes = sizes.emplace_back(checked_size(path, stream, names));
    header[stream.name] = {
        {"dtype", stream.dtype}, {"shape", stream.shape}, {"data_offsets", {offset, offset + bytes}}};
    offset = align_up(offset + bytes);
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
                       const std::vector<SafetensorsStream>& streams) {
  std::vector<std::uint64_t> sizes;
  const std::string header = header_text(path, metadata, streams, sizes);
  std::array<std::byte, sizeof(std::uint64_t)> length{};
  for (std::size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<std::byte>((static_cast<std::uint64_t>(header.size()) >> (8 * i)) & 0xFFU);
  }
  PendingFile file(path);
  file.write(length);
  file.write(std::as_bytes(std::span(header)));
  static constexpr std::array<std::byte, kTensorAlignment> kPadding{};
  for (std::size_t i = 0; i < streams.size(); ++i) {
    std::uint64_t given = 0;
    streams[i].produce([&](std::span<const std::byte> bytes) {
      given += bytes.size();
      file.write(bytes);
    });
    if (given != sizes[i]) {
      throw Error(ErrorCode::kInvalidArgument,
                  size_error(path, streams[i].name, std::to_string(sizes[i]), given));
    }
    if (i + 1 < streams.size()) file.write(std::span(kPadding).first(align_up(given) - given));
  }
  file.commit();
}

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata,
                       const std::vector<SafetensorsEntry>& entries) {
  std::vector<SafetensorsStream> streams;
  streams.reserve(entries.size());
  for (const SafetensorsEntry& entry : entries) {
    streams.push_back(
        {entry.name, entry.dtype, entry.shape, [data = entry.data](const auto& write) { write(data); }});
  }
  write_safetensors(path, metadata, streams);
}

}  // namespace axllama::base
