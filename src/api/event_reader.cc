#include "api/event_reader.h"

#include <chrono>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace axllama::api {

namespace asio = boost::asio;

http::Awaitable<serving::ResponseEvent> next_event(std::shared_ptr<serving::ResponseStream> stream) {
  const auto executor = co_await asio::this_coro::executor;
  while (true) {
    if (auto event = stream->try_next()) co_return std::move(*event);

    // The timer stands for "an event is there": it never expires, the callback ends its wait. The callback
    // may run on the lane before the wait begins, so it only posts to this executor, which is busy here until
    // the wait has begun.
    auto readable =
        std::make_shared<asio::steady_timer>(executor, std::chrono::steady_clock::time_point::max());
    auto signalled = std::make_shared<bool>(false);
    stream->on_readable([readable, signalled, executor] {
      asio::post(executor, [readable, signalled] {
        *signalled = true;
        readable->cancel();
      });
    });
    boost::system::error_code ended;
    co_await readable->async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if (!*signalled) throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace axllama::api
