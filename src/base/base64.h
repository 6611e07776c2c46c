#pragma once

#include <string>
#include <string_view>

namespace axllama::base {

/// Base64 (RFC 4648, with padding, on one line) of any bytes.
std::string to_base64(std::string_view bytes);

}  // namespace axllama::base
