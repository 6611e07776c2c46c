#pragma once

#include <cstddef>
#include <functional>

#include <boost/asio/thread_pool.hpp>

#include "http/response_writer.h"

namespace axllama::api {

/// Threads for work that takes longer than an I/O thread may be held: opening packages, rendering and
/// tokenizing long prompts.
class Background {
 public:
  explicit Background(std::size_t threads = 2) : pool_(threads) {}

  /// Runs `work` on a thread of the pool and resumes the caller on its own executor; exceptions come through.
  /// The caller is never resumed, nor unwound, before `work` is over, so `work` may refer to its locals.
  http::Awaitable<void> run(std::function<void()> work);

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace axllama::api
