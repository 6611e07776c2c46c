#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace axllama::http {

/// Longest body that a compressed one may become.
inline constexpr std::size_t kMostDecodedBytes = 20 * 1024 * 1024;

/// Undoes what the field Content-Encoding says was done to a body: "", "identity", "gzip", "deflate" (RFC
/// 9110 section 8.4.1) or "zstd" (RFC 8878). Throws Error (kInvalidArgument) for another coding, for a body
/// that does not keep to it, and when the result would be longer than `limit`.
std::string decode_content(std::string_view encoding, std::string body,
                           std::size_t limit = kMostDecodedBytes);

}  // namespace axllama::http
