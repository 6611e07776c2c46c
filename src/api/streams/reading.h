#pragma once

#include <memory>
#include <string_view>

#include "api/streams/registry.h"
#include "api/streams/resumable_stream.h"
#include "http/request.h"
#include "http/response_writer.h"
#include "http/router.h"

namespace axllama::api::streams {

/// A request with this header (any value but "0" or "false") asks for an answer that can be taken up again.
inline constexpr std::string_view kResumableHeader = "X-Axllama-Resumable";
/// The answer's header with the id.
inline constexpr std::string_view kStreamIdHeader = "X-Axllama-Stream-Id";

bool asks_for_resumable(const http::Request& request);

/// Sends what `reader` reads until the stream's end. An error before the first record is thrown. The reader
/// must outlive the coroutine.
http::Awaitable<void> send_stream(Reader& reader, http::ResponseWriter& response);

/// GET /api/streams/:id and DELETE /api/streams/:id. `registry` must outlive the router's handlers; `owner`
/// is what they keep alive for that.
void add_stream_routes(http::Router& router, Registry& registry, const std::shared_ptr<void>& owner);

}  // namespace axllama::api::streams
