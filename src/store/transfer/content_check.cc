#include "store/transfer/content_check.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "base/error.h"
#include "store/durable_file.h"

namespace axllama::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kReadBytes = 1024 * 1024;

struct DigestContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// A running hash of any kind OpenSSL knows.
class Hash {
 public:
  explicit Hash(const EVP_MD* kind) : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), kind, nullptr) != 1) fail();
  }
  void update(std::string_view bytes) {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) fail();
  }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context_.get(), value.data(), &size) != 1) fail();
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      std::array<char, 3> byte{};
      std::snprintf(byte.data(), byte.size(), "%02x", static_cast<unsigned>(value[i]));
      text += byte.data();
    }
    return text;
  }

 private:
  [[noreturn]] static void fail() { throw Error(ErrorCode::kInternal, "the hash function failed"); }

  std::unique_ptr<EVP_MD_CTX, DigestContextDeleter> context_;
};

}  // namespace

void check_content(const std::filesystem::path& path, const RemoteFile& file,
                   const std::atomic<bool>& stopped) {
  if (!file.digest && file.git_id.empty()) return;
  Hash hash(file.digest ? EVP_sha256() : EVP_sha1());
  if (!file.digest) {  // as git names a file's content
    hash.update("blob " + std::to_string(file.size));
    hash.update(std::string_view("\0", 1));
  }
  const Descriptor input = open_file(path, O_RDONLY);
  std::string part(kReadBytes, '\0');
  while (true) {
    if (stopped) throw Error(ErrorCode::kCancelled, "request canceled");
    const ssize_t count = ::read(input.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_file_error("read", path, errno);
    if (count == 0) break;
    hash.update({part.data(), static_cast<std::size_t>(count)});
  }
  const std::string wanted = file.digest ? file.digest->hex() : file.git_id;
  const std::string got = hash.hex();
  if (got == wanted) return;
  const std::string kind = file.digest ? "sha256:" : "git:";
  throw Error(ErrorCode::kInvalidArgument,
              "digest mismatch, file must be downloaded again: want " + kind + wanted + ", got " + kind + got,
              file.name);
}

}  // namespace axllama::store
