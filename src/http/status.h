#pragma once

#include <string_view>

#include "base/error.h"

namespace axllama::http {

/// Reason phrase of a status ("Not Found"); "Unknown" for those the server never sends.
std::string_view reason_phrase(int status) noexcept;

/// The status that tells a client about an error of this kind.
int status_of(base::ErrorCode code) noexcept;

inline constexpr std::string_view kJsonContentType = "application/json; charset=utf-8";
inline constexpr std::string_view kNdjsonContentType = "application/x-ndjson";
inline constexpr std::string_view kEventStreamContentType = "text/event-stream";
inline constexpr std::string_view kTextContentType = "text/plain; charset=utf-8";

}  // namespace axllama::http
