#include "api/wakeup.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace axllama::api {

namespace asio = boost::asio;

Wakeup::Wakeup(const asio::any_io_executor& executor, Clock::time_point deadline)
    : timer_(std::make_shared<asio::steady_timer>(executor, deadline)),
      triggered_(std::make_shared<bool>(false)) {}

std::function<void()> Wakeup::trigger() const {
  // Called before the wait begins, it finds the executor busy with the coroutine, which runs until then.
  return [timer = timer_, triggered = triggered_] {
    asio::post(timer->get_executor(), [timer, triggered] {
      *triggered = true;
      timer->cancel();
    });
  };
}

http::Awaitable<bool> Wakeup::wait() {
  boost::system::error_code ended;
  co_await timer_->async_wait(asio::redirect_error(asio::use_awaitable, ended));
  if (*triggered_) {
    co_return true;
  }
  if (!ended) {
    co_return false;
  }
  throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace axllama::api
