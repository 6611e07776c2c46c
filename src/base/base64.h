#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace axllama::base {

/// Base64 (RFC 4648, with padding, on one line) of any bytes.
std::string to_base64(std::string_view bytes);

/// Undoes it. Empty for what is not base64 in this form.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace axllama::base
