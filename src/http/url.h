#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace axllama::http {

/// Undoes %XX (and '+' as a blank when `plus_is_blank`). Empty for a '%' without two hex digits.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank = false);

/// Everything outside the unreserved characters of RFC 3986 and '/' as %XX.
std::string percent_encode_path(std::string_view path);

struct Target {
  std::string path;   // decoded, begins with '/'
  std::string query;  // as sent
};

/// Splits a request target in origin form ("/a?b") or absolute form ("http://host/a?b"); "*" is its own path.
/// Empty when it is neither or when it is badly encoded.
std::optional<Target> parse_target(std::string_view target);

}  // namespace axllama::http
