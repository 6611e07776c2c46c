#include "store/identity.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/error.h"
#include "store/durable_file.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

// The file's form: PROTOCOL.key of OpenSSH. Texts have their length in front, 32 bits, highest byte first.
constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr std::string_view kEnd = "-----END OPENSSH PRIVATE KEY-----";
constexpr std::string_view kMagic("openssh-key-v1\0", 15);
constexpr std::string_view kKind = "ssh-ed25519";
constexpr std::size_t kBlock = 8;  // the private part is filled up to a multiple of it with 1, 2, 3, ...
constexpr std::size_t kLineWidth = 64;
constexpr std::uintmax_t kLargestFile = 16 * 1024;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

[[noreturn]] void openssl_cannot(const std::string& what) {
  throw Error(ErrorCode::kInternal, "OpenSSL cannot " + what);
}

Key key_of(const std::array<unsigned char, 32>& seed) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()), EVP_PKEY_free);
  if (key == nullptr) openssl_cannot("make an Ed25519 key");
  return key;
}

std::string number(std::uint32_t value) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    bytes.push_back(static_cast<char>((value >> shift) & 0xFFU));
  return bytes;
}

std::string counted(std::string_view text) {
  return number(static_cast<std::uint32_t>(text.size())) + std::string(text);
}

template <typename Bytes>
std::string_view view(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Takes an OpenSSH structure apart; every step is false when there is too little left.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool skip(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  bool read(std::uint32_t& value) {
    if (rest_.size() < 4) return false;
    value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = (value << 8U) | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(4);
    return true;
  }
  bool read(std::string_view& text) {
    std::uint32_t size = 0;
    if (!read(size) || rest_.size() < size) return false;
    text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

 private:
  std::string_view rest_;
};

/// What stands between the file's first and last line.
std::optional<std::string> unwrapped(const std::string& text) {
  const auto begin = text.find(kBegin);
  const auto end = text.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return std::nullopt;
  std::string digits = text.substr(begin + kBegin.size(), end - begin - kBegin.size());
  std::erase_if(digits, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  return base::from_base64(digits);
}

/// The seed of an Ed25519 key in the file's text.
std::array<unsigned char, 32> seed_of(const std::string& text, const fs::path& file) {
  const auto refuse = [&file](const std::string& why) -> Error {
    return {ErrorCode::kInvalidArgument, file.string() + " " + why};
  };
  const std::optional<std::string> bytes = unwrapped(text);
  Reader reader(bytes ? std::string_view(*bytes) : std::string_view());
  std::string_view cipher, derivation, derivation_options, public_part, private_part;
  std::uint32_t keys = 0;
  if (!reader.skip(kMagic) || !reader.read(cipher) || !reader.read(derivation) ||
      !reader.read(derivation_options) || !reader.read(keys) || keys != 1 || !reader.read(public_part) ||
      !reader.read(private_part)) {
    throw refuse("is not a private key in OpenSSH's form");
  }
  if (cipher != "none") throw refuse("is protected by a passphrase, which a server has nobody to ask for");
  Reader inner(private_part);
  std::uint32_t check = 0;
  std::uint32_t again = 0;
  std::string_view kind, public_key, pair;
  if (!inner.read(check) || !inner.read(again) || check != again || !inner.read(kind)) {
    throw refuse("is damaged");
  }
  if (kind != kKind)
    throw refuse("is a key of the kind " + std::string(kind) + ", not " + std::string(kKind));
  std::array<unsigned char, 32> seed{};
  if (!inner.read(public_key) || !inner.read(pair) || pair.size() != 2 * seed.size() ||
      pair.substr(seed.size()) != public_key) {
    throw refuse("is damaged");
  }
  std::copy_n(pair.begin(), seed.size(), seed.begin());
  return seed;
}

/// The file appears whole, unless there is one already.
void make_file(const fs::path& file, const std::string& text) {
  make_folders(file.parent_path());
  const fs::path unfinished = file.parent_path() / unique_name();
  {
    const Descriptor descriptor = open_file(unfinished, O_WRONLY | O_CREAT | O_EXCL, kPrivateFile);
    write_all(descriptor, text, unfinished);
    sync_file(descriptor, unfinished);
  }
  const int error = ::link(unfinished.c_str(), file.c_str()) == 0 ? 0 : errno;
  ::unlink(unfinished.c_str());
  if (error != 0 && error != EEXIST) throw_file_error("make", file, error);
  sync_folder(file.parent_path());
}

}  // namespace

Identity::Identity(const Bytes& seed) : seed_(seed) {
  const Key key = key_of(seed_);
  std::size_t size = public_.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), public_.data(), &size) != 1) {
    openssl_cannot("tell the public part of an Ed25519 key");
  }
}

Identity Identity::load(const fs::path& file) {
  return Identity(seed_of(read_file(file, kLargestFile), file));
}

Identity Identity::load_or_make(const fs::path& file) {
  if (!fs::exists(file)) {
    Bytes seed{};
    if (RAND_bytes(seed.data(), static_cast<int>(seed.size())) != 1) openssl_cannot("give random bytes");
    make_file(file, Identity(seed).private_key_file());
  }
  Identity identity = load(file);
  const fs::path shown = file.string() + ".pub";
  if (!fs::exists(shown)) {
    replace_file(shown, std::string(kKind) + " " + identity.public_key() + "\n", file.parent_path());
  }
  return identity;
}

std::string Identity::public_key() const {
  return base::to_base64(counted(kKind) + counted(view(public_)));
}

std::string Identity::sign(std::string_view text) const {
  const Key key = key_of(seed_);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::array<unsigned char, 64> signature{};
  std::size_t size = signature.size();
  if (context == nullptr || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1) {
    openssl_cannot("sign with an Ed25519 key");
  }
  return base::to_base64(view(signature));
}

std::string Identity::private_key_file() const {
  std::array<unsigned char, 4> check{};
  if (RAND_bytes(check.data(), static_cast<int>(check.size())) != 1) openssl_cannot("give random bytes");
  const std::string checks = std::string(view(check)) + std::string(view(check));
  const std::string pair = std::string(view(seed_)) + std::string(view(public_));
  std::string secret = checks + counted(kKind) + counted(view(public_)) + counted(pair) + counted("");
  for (char fill = 1; secret.size() % kBlock != 0; ++fill) secret.push_back(fill);
  const std::string bytes = std::string(kMagic) + counted("none") + counted("none") + counted("") +
                            number(1) + counted(counted(kKind) + counted(view(public_))) + counted(secret);
  const std::string digits = base::to_base64(bytes);
  std::string text = std::string(kBegin) + "\n";
  for (std::size_t at = 0; at < digits.size(); at += kLineWidth) text += digits.substr(at, kLineWidth) + "\n";
  return text + std::string(kEnd) + "\n";
}

fs::path identity_file(const fs::path& home) {
  return home.empty() ? fs::path() : home / ".ollama" / "id_ed25519";
}

}  // namespace axllama::store
