#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "http/response_writer.h"
#include "serving/service.h"

namespace axllama::api {

/// Waits for the next event of a stream without holding a thread. Runs on the handler's executor; when the
/// handler is unwound (the client left), the wait ends with it, and dropping the stream then cancels the
/// request.
http::Awaitable<serving::ResponseEvent> next_event(std::shared_ptr<serving::ResponseStream> stream);

/// As next_event(), but empty when none came within `timeout`.
http::Awaitable<std::optional<serving::ResponseEvent>> next_event_within(
    std::shared_ptr<serving::ResponseStream> stream, std::chrono::milliseconds timeout);

}  // namespace axllama::api
