#include "api/background.h"

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace axllama::api {
namespace {

http::Awaitable<void> call(std::function<void()> work) {
  work();
  co_return;
}

}  // namespace

/// The caller's cancellation must not reach the pool: there it would be an exception that nobody catches,
/// thrown by the library between the work and its end.
http::Awaitable<void> Background::run(std::function<void()> work) {
  co_await boost::asio::co_spawn(
      pool_, call(std::move(work)),
      boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(), boost::asio::use_awaitable));
}

}  // namespace axllama::api
