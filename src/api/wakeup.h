#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/response_writer.h"

namespace axllama::api {

/// One wait of a coroutine for something that another thread does. Made and awaited on the coroutine's
/// executor.
class Wakeup {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Wakeup(const boost::asio::any_io_executor& executor,
                  Clock::time_point deadline = Clock::time_point::max());

  /// Ends the wait. May be called from any thread, at any time as long as the executor's context lives,
  /// before the wait begins too; it only posts.
  std::function<void()> trigger() const;

  /// True once triggered, false when the deadline passed before. Throws boost::system::system_error
  /// (operation_aborted) when the coroutine is unwound.
  http::Awaitable<bool> wait();

 private:
  std::shared_ptr<boost::asio::steady_timer> timer_;  // its end stands for the trigger
  std::shared_ptr<bool> triggered_;                   // read and written on the executor
};

}  // namespace axllama::api
