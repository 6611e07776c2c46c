#include "api/background.h"

#include <atomic>
#include <exception>
#include <functional>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace axllama::api {
namespace {

namespace asio = boost::asio;

http::Awaitable<void> run_in(Background& background, std::function<void()> work, std::atomic<bool>& resumed) {
  co_await background.run(std::move(work));
  resumed = true;
}

TEST(Background, ExceptionsComeThrough) {
  Background background;
  asio::io_context context;
  std::atomic<bool> resumed = false;
  std::exception_ptr failure;
  asio::co_spawn(context,
                 run_in(
                     background, [] { throw std::runtime_error("no"); }, resumed),
                 [&](std::exception_ptr thrown) { failure = std::move(thrown); });
  context.run();
  EXPECT_THROW(std::rethrow_exception(failure), std::runtime_error);
  EXPECT_FALSE(resumed);
}

/// As when a client leaves: while the work goes on, and before it has begun.
TEST(Background, CallersThatAreCancelledWaitForTheirWork) {
  Background background(2);
  asio::io_context context;
  std::promise<void> both_at_work;
  std::promise<void> go;
  const std::shared_future<void> may_go = go.get_future().share();
  std::atomic<int> begun = 0;
  std::atomic<int> done = 0;
  const auto work = [&] {
    if (++begun == 2) both_at_work.set_value();
    may_go.wait();
    ++done;
  };
  asio::cancellation_signal signals[3];
  std::atomic<bool> resumed[3] = {};
  for (int i = 0; i < 3; ++i) {  // the third finds both threads at work
    asio::co_spawn(context, run_in(background, work, resumed[i]),
                   asio::bind_cancellation_slot(signals[i].slot(), asio::detached));
  }
  std::jthread io([&] { context.run(); });
  both_at_work.get_future().wait();
  std::promise<void> cancelled;
  asio::post(context, [&] {
    for (asio::cancellation_signal& signal : signals) signal.emit(asio::cancellation_type::terminal);
    cancelled.set_value();
  });
  cancelled.get_future().wait();
  go.set_value();
  io.join();
  EXPECT_EQ(done, 3);
  for (const std::atomic<bool>& back : resumed) EXPECT_TRUE(back);
}

}  // namespace
}  // namespace axllama::api
