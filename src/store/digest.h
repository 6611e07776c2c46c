#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace axllama::store {

/// The SHA-256 of a blob or of a manifest. Always well formed.
class Digest {
 public:
  /// "sha256:<64 hex digits>" or, as in file names, "sha256-<64 hex digits>"; empty for anything else.
  static std::optional<Digest> parse(std::string_view text);
  /// As parse(); throws Error (kInvalidArgument) `invalid digest format`.
  static Digest require(std::string_view text);
  /// `hex`: 64 hex digits. Throws Error (kInvalidArgument).
  static Digest from_hex(std::string_view hex) { return require("sha256:" + std::string(hex)); }
  static Digest of(std::string_view content);

  const std::string& hex() const noexcept { return hex_; }        // 64 lower-case digits
  std::string text() const { return "sha256:" + hex_; }           // as manifests write it
  std::string file_name() const { return "sha256-" + hex_; }      // as blobs are named
  std::string abbreviated() const { return hex_.substr(0, 12); }  // as progress lines show it

  auto operator<=>(const Digest&) const = default;

 private:
  explicit Digest(std::string hex) : hex_(std::move(hex)) {}

  std::string hex_;
};

}  // namespace axllama::store
