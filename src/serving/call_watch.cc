#include "serving/call_watch.h"

#include <utility>

namespace axllama::serving {

CallWatch::CallWatch(OnHung on_hung) : on_hung_(std::move(on_hung)), thread_([this] { run(); }) {}

CallWatch::~CallWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CallWatch::begin(std::string what, std::chrono::nanoseconds limit) {
  const std::lock_guard lock(mutex_);
  if (limit == std::chrono::nanoseconds::max()) {
    call_.reset();
    return;
  }
  call_ = Call{std::move(what), limit, Clock::now() + limit, false};
  if (call_->deadline < wake_up_) {
    changed_.notify_all();
  }
}

bool CallWatch::end() {
  const std::lock_guard lock(mutex_);
  const bool hung = call_ && call_->hung;
  call_.reset();
  return hung;
}

/// Calls come and go much faster than their limits: the thread does not look at each of them, but wakes at
/// the limit of one that it saw and then looks again.
void CallWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!call_ || call_->hung) {
      wake_up_ = Clock::time_point::max();
      changed_.wait(lock);
    } else if (Clock::now() < call_->deadline) {
      wake_up_ = call_->deadline;
      changed_.wait_until(lock, wake_up_);
    } else {
      call_->hung = true;
      const std::string what = call_->what;
      const std::chrono::nanoseconds limit = call_->limit;
      lock.unlock();
      on_hung_(what, limit);
      lock.lock();
    }
  }
}

}  // namespace axllama::serving
