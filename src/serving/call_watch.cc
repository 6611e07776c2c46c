#include "serving/call_watch.h"

#include <utility>

namespace axllama::serving {

CallWatch::CallWatch(OnHung on_hung, OnLook on_look)
    : on_hung_(std::move(on_hung)), on_look_(std::move(on_look)), thread_([this] { run(); }) {}

CallWatch::~CallWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CallWatch::begin(std::string what, std::chrono::nanoseconds limit, Clock::time_point look_at) {
  const std::lock_guard lock(mutex_);
  const bool limited = limit != std::chrono::nanoseconds::max();
  ++calls_;
  call_ = Call{std::move(what), limit, limited ? Clock::now() + limit : kNever, look_at};
  if (call_->next() < wake_up_) {
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
    const Clock::time_point now = Clock::now();
    wake_up_ = call_ ? call_->next() : kNever;
    if (wake_up_ == kNever) {
      changed_.wait(lock);
    } else if (now < wake_up_) {
      changed_.wait_until(lock, wake_up_);
    } else if (now >= call_->look_at) {
      const std::uint64_t number = calls_;
      lock.unlock();
      const Clock::time_point again = on_look_();
      lock.lock();
      if (call_ && calls_ == number) {
        call_->look_at = again;
      }
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
