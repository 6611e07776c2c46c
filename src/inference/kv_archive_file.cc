#include "inference/kv_archive_file.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace axllama::inference {
namespace {

using base::Error;
using base::ErrorCode;

static_assert(std::endian::native == std::endian::little, "block files are little-endian");

constexpr std::array<char, 8> kMagic = {'A', 'X', 'L', 'K', 'V', '0', '1', '\n'};
constexpr std::size_t kFixedBytes = 88;
constexpr std::uint32_t kMostLayers = 4096;
constexpr std::uint32_t kMostRowBytes = 1U << 20U;
constexpr std::uint32_t kMostTokens = 1U << 16U;
constexpr const char* kUnfinished = ".unfinished";

std::string system_reason() {
  return std::error_code(errno, std::generic_category()).message();
}

/// An open file; closed with the object.
class File {
 public:
  File(const std::filesystem::path& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool open() const noexcept { return descriptor_ >= 0; }

  bool read(std::span<std::byte> bytes, std::uint64_t offset) const noexcept {
    while (!bytes.empty()) {
      const ssize_t count = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count <= 0) {
        return false;
      }
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return true;
  }

  bool write(std::span<const std::byte> bytes) const noexcept {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count < 0) {
        return false;
      }
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return true;
  }

  /// Of a regular file; 0 for anything else.
  std::uint64_t size() const noexcept {
    struct stat status{};
    return ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)
               ? static_cast<std::uint64_t>(status.st_size)
               : 0;
  }

 private:
  int descriptor_;
};

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw Error(ErrorCode::kInvalidArgument,
              path.string() + " is not a usable block of keys and values: " + why + ".");
}

template <typename T>
void append(std::vector<std::byte>& out, const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::vector<std::byte> encode(const KvBlockHeader& header) {
  std::vector<std::byte> out;
  out.reserve(header.header_bytes());
  append(out, kMagic);
  append(out, header.key);
  append(out, header.parent);
  append(out, static_cast<std::uint32_t>(header.layout.layers));
  append(out, static_cast<std::uint32_t>(header.layout.row_bytes));
  append(out, static_cast<std::uint32_t>(header.tokens.size()));
  append(out, std::uint32_t{0});
  for (const text::TokenId token : header.tokens) {
    append(out, token);
  }
  for (const KvKey& checksum : header.checksums) {
    append(out, checksum);
  }
  return out;
}

template <typename T>
void take(std::span<const std::byte>& in, T& value) {
  std::memcpy(&value, in.data(), sizeof value);
  in = in.subspan(sizeof value);
}

}  // namespace

std::uint64_t KvBlockHeader::header_bytes() const noexcept {
  return kFixedBytes + tokens.size() * sizeof(text::TokenId) + layout.layers * sizeof(KvKey);
}

void add_checksums(KvBlockHeader& header, std::span<const std::byte> rows) {
  header.checksums.clear();
  for (std::size_t layer = 0; layer < header.layout.layers; ++layer) {
    header.checksums.push_back(kv_checksum(rows.subspan(layer * header.piece_bytes(), header.piece_bytes())));
  }
}

void write_kv_block(const std::filesystem::path& path, const KvBlockHeader& header,
                    std::span<const std::byte> rows) {
  static std::atomic<unsigned> count{0};
  const std::filesystem::path unfinished =
      path.string() + "." + std::to_string(::getpid()) + "." + std::to_string(++count) + kUnfinished;
  bool written = false;
  {
    const File file(unfinished, O_WRONLY | O_CREAT | O_EXCL);
    written = file.open() && file.write(encode(header)) && file.write(rows);
  }
  if (!written || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    const std::string reason = system_reason();
    ::unlink(unfinished.c_str());
    throw Error(ErrorCode::kResourceExhausted, path.string() + " cannot be written: " + reason + ".");
  }
}

KvBlockHeader read_kv_block_header(const std::filesystem::path& path) {
  const File file(path, O_RDONLY | O_NOFOLLOW);
  if (!file.open()) {
    refuse(path, system_reason());
  }
  const std::uint64_t size = file.size();
  std::array<std::byte, kFixedBytes> fixed;
  if (size < kFixedBytes || !file.read(fixed, 0)) {
    refuse(path, "it has " + std::to_string(size) + " bytes");
  }
  std::span<const std::byte> in = fixed;
  std::array<char, 8> magic{};
  KvBlockHeader header;
  std::uint32_t layers = 0;
  std::uint32_t row_bytes = 0;
  std::uint32_t tokens = 0;
  take(in, magic);
  take(in, header.key);
  take(in, header.parent);
  take(in, layers);
  take(in, row_bytes);
  take(in, tokens);
  if (magic != kMagic) {
    refuse(path, "it does not begin as one");
  }
  if (layers == 0 || layers > kMostLayers || row_bytes == 0 || row_bytes > kMostRowBytes || tokens == 0 ||
      tokens > kMostTokens) {
    refuse(path, "its sizes are out of range");
  }
  header.layout = {layers, row_bytes};
  header.tokens.resize(tokens);
  header.checksums.resize(layers);
  if (size != header.file_bytes()) {
    refuse(path, "it has " + std::to_string(size) + " bytes and should have " +
                     std::to_string(header.file_bytes()));
  }
  const std::span<std::byte> ids = std::as_writable_bytes(std::span(header.tokens));
  if (!file.read(ids, kFixedBytes) ||
      !file.read(std::as_writable_bytes(std::span(header.checksums)), kFixedBytes + ids.size())) {
    refuse(path, "it cannot be read");
  }
  if (header.key != kv_block_key(header.parent, header.tokens)) {
    refuse(path, "its key is not that of its tokens");
  }
  return header;
}

void read_kv_piece(const std::filesystem::path& path, const KvBlockHeader& header, std::size_t layer,
                   std::span<std::byte> piece) {
  const File file(path, O_RDONLY | O_NOFOLLOW);
  if (!file.open()) {
    refuse(path, system_reason());
  }
  if (!file.read(piece, header.header_bytes() + layer * header.piece_bytes())) {
    refuse(path, "it cannot be read");
  }
  if (kv_checksum(piece) != header.checksums.at(layer)) {
    refuse(path, "the checksum of layer " + std::to_string(layer) + " is wrong");
  }
}

bool is_unfinished_kv_block(const std::filesystem::path& path) {
  return path.extension() == kUnfinished;
}

}  // namespace axllama::inference
