#include "api/background.h"

#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace axllama::api {
namespace {

http::Awaitable<void> call(std::function<void()> work) {
  work();
  co_return;
}

}  // namespace

http::Awaitable<void> Background::run(std::function<void()> work) {
  co_await boost::asio::co_spawn(pool_, call(std::move(work)), boost::asio::use_awaitable);
}

}  // namespace axllama::api
