#include "store/digest.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/error.h"
#include "store/sha256.h"

namespace axllama::store {
namespace {

constexpr std::string_view kAlgorithm = "sha256";
constexpr std::size_t kHexDigits = 64;

}  // namespace

std::optional<Digest> Digest::parse(std::string_view text) {
  if (text.size() != kAlgorithm.size() + 1 + kHexDigits || !text.starts_with(kAlgorithm)) return std::nullopt;
  const char separator = text[kAlgorithm.size()];
  if (separator != ':' && separator != '-') return std::nullopt;
  std::string hex(text.substr(kAlgorithm.size() + 1));
  if (!std::all_of(hex.begin(), hex.end(), [](unsigned char c) { return std::isxdigit(c) != 0; })) {
    return std::nullopt;
  }
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return Digest(std::move(hex));
}

Digest Digest::require(std::string_view text) {
  if (auto digest = parse(text)) return std::move(*digest);
  throw base::Error(base::ErrorCode::kInvalidArgument, "invalid digest format",
                    "\"" + std::string(text.substr(0, 100)) + "\" is not sha256: and 64 hex digits");
}

Digest Digest::of(std::string_view content) {
  Sha256 hash;
  hash.update(content);
  return Digest(hash.hex());
}

}  // namespace axllama::store
