#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace axllama::store {

/// What this machine is known by at registries: an Ed25519 key pair in OpenSSH's files, in the place and form
/// of Ollama, so that a key known there is known here. Immutable; any thread.
class Identity {
 public:
  /// Reads a private key without passphrase ("~/.ollama/id_ed25519"). Throws Error: kNotFound when there is
  /// none, kInvalidArgument with a sentence when it is another kind of key.
  static Identity load(const std::filesystem::path& file);
  /// The same; when there is none, it is made first: the key readable by its owner only, and "FILE.pub"
  /// beside it. Processes that do so at once end up with the same key. Throws Error.
  static Identity load_or_make(const std::filesystem::path& file);

  /// Base64 of the public key as OpenSSH writes it: the middle word of the .pub file.
  std::string public_key() const;
  /// Base64 of the signature (RFC 8032, Ed25519) of a text.
  std::string sign(std::string_view text) const;

 private:
  using Bytes = std::array<unsigned char, 32>;
  explicit Identity(const Bytes& seed);
  std::string private_key_file() const;

  Bytes seed_;
  Bytes public_{};
};

/// Where it is kept, "~/.ollama/id_ed25519"; empty without a home folder.
std::filesystem::path identity_file(const std::filesystem::path& home);

}  // namespace axllama::store
