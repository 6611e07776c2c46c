#include "api/event_reader.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "api/wakeup.h"

namespace axllama::api {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

http::Awaitable<std::optional<serving::ResponseEvent>> next_event_until(
    std::shared_ptr<serving::ResponseStream> stream, Clock::time_point deadline) {
  const auto executor = co_await asio::this_coro::executor;
  while (true) {
    if (auto event = stream->try_next()) co_return std::move(*event);
    Wakeup wakeup(executor, deadline);
    stream->on_readable(wakeup.trigger());
    if (!co_await wakeup.wait()) co_return std::nullopt;
  }
}

}  // namespace

http::Awaitable<serving::ResponseEvent> next_event(std::shared_ptr<serving::ResponseStream> stream) {
  auto event = co_await next_event_until(std::move(stream), Clock::time_point::max());
  co_return std::move(*event);
}

http::Awaitable<std::optional<serving::ResponseEvent>> next_event_within(
    std::shared_ptr<serving::ResponseStream> stream, std::chrono::milliseconds timeout) {
  return next_event_until(std::move(stream), Clock::now() + timeout);
}

}  // namespace axllama::api
