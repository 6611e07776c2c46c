#include "inference/kv_archive_key.h"

#include <cstdint>
#include <memory>

#include <openssl/evp.h>

#include "base/error.h"

namespace axllama::inference {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }

  Sha256& add(std::span<const std::byte> bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
    return *this;
  }
  /// Little-endian, wherever it is computed.
  Sha256& add(std::uint64_t number) {
    std::array<std::byte, 8> bytes;
    for (std::byte& byte : bytes) {
      byte = static_cast<std::byte>(number & 0xFFU);
      number >>= 8U;
    }
    return add(bytes);
  }
  KvKey result() {
    KvKey key;
    unsigned size = 0;
    check(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(key.data()), &size) == 1 &&
          size == key.size());
    return key;
  }

 private:
  static void check(bool good) {
    if (!good) {
      throw base::Error(base::ErrorCode::kInternal, "The crypto library cannot compute a SHA-256.");
    }
  }

  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

KvKey kv_checksum(std::span<const std::byte> bytes) {
  return Sha256().add(bytes).result();
}

KvKey kv_root_key(const std::string& digest, const KvLayout& layout) {
  return Sha256()
      .add(digest.size())
      .add(std::as_bytes(std::span(digest)))
      .add(layout.layers)
      .add(layout.row_bytes)
      .result();
}

KvKey kv_block_key(const KvKey& parent, std::span<const text::TokenId> tokens) {
  Sha256 hash;
  hash.add(parent);
  for (const text::TokenId token : tokens) {
    hash.add(static_cast<std::uint64_t>(token));
  }
  return hash.result();
}

std::string kv_key_hex(const KvKey& key) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : key) {
    text += kDigits[std::to_integer<unsigned>(byte >> 4)];
    text += kDigits[std::to_integer<unsigned>(byte & std::byte{15})];
  }
  return text;
}

}  // namespace axllama::inference
