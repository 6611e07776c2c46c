#include "api/event_reader.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace axllama::api {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

http::Awaitable<std::optional<serving::ResponseEvent>> next_event_until(
    std::shared_ptr<serving::ResponseStream> stream, Clock::time_point deadline) {
  const auto executor = co_await asio::this_coro::executor;
  while (true) {
    if (auto event = stream->try_next()) co_return std::move(*event);

    // The timer's end stands for "an event is there": the callback ends its wait. The callback may run on the
    // lane before the wait begins, so it only posts to this executor, which is busy here until the wait has
    // begun.
    auto readable = std::make_shared<asio::steady_timer>(executor, deadline);
    auto signalled = std::make_shared<bool>(false);
    stream->on_readable([readable, signalled, executor] {
      asio::post(executor, [readable, signalled] {
        *signalled = true;
        readable->cancel();
      });
    });
    boost::system::error_code ended;
    co_await readable->async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if (*signalled) continue;
    if (!ended) co_return std::nullopt;
    throw boost::system::system_error(asio::error::operation_aborted);
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
