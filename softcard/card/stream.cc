#include "softcard/card/stream.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace axllama::softcard {

Stream::Stream() : worker_([this](const std::stop_token& stop) { work(stop); }) {}

Stream::~Stream() {
  close(false);
}

bool Stream::submit(Task task, Order order) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) {
      return false;
    }
    if (held_ && held_->order == Order::kUnawaited) {
      queue_held();
    }
    if (order != Order::kInTurn && !held_) {
      held_ = {std::move(task), order};
    } else {
      queue_.push_back(std::move(task));
      ++submitted_;
      queue_held();
    }
  }
  work_ready_.notify_one();
  return true;
}

/// Under the lock.
void Stream::queue_held() {
  if (held_) {
    queue_.push_back(std::move(held_->task));
    held_.reset();
    ++submitted_;
  }
}

Stream::Wait Stream::synchronize(std::int32_t timeout_ms) {
  std::unique_lock lock(mutex_);
  if (held_ && held_->order == Order::kAfterNext) {
    queue_held();
    work_ready_.notify_one();
  }
  const std::uint64_t target = submitted_;
  const auto done = [&] { return finished_ >= target; };
  if (timeout_ms < 0) {
    progress_.wait(lock, done);
    return Wait::kDone;
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  return progress_.wait_until(lock, deadline, done) ? Wait::kDone : Wait::kTimedOut;
}

std::int32_t Stream::take_error() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(error_, 0);
}

void Stream::close(bool drain) {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  if (drain) {
    synchronize(-1);
  } else {
    std::deque<Task> dropped;
    {
      const std::scoped_lock lock(mutex_);
      dropped.swap(queue_);
      held_.reset();
      finished_ += dropped.size();
    }
    progress_.notify_all();
  }
  worker_.request_stop();
  if (worker_.joinable()) {
    worker_.join();
  }
}

void Stream::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (work_ready_.wait(lock, stop, [this] { return !queue_.empty(); })) {
    Task task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    const std::int32_t result = task(stop);
    task = nullptr;  // what it kept alive goes before the waiter learns that it is done
    lock.lock();
    if (error_ == 0) {
      error_ = result;
    }
    ++finished_;
    progress_.notify_all();
  }
}

std::uint64_t Event::begin_record() {
  const std::scoped_lock lock(mutex_);
  return ++begun_;
}

void Event::complete(std::uint64_t record) {
  {
    const std::scoped_lock lock(mutex_);
    completed_ = std::max(completed_, record);
  }
  changed_.notify_all();
}

std::uint64_t Event::last_record() const {
  const std::scoped_lock lock(mutex_);
  return begun_;
}

bool Event::wait(std::uint64_t record, std::int32_t timeout_ms, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto happened = [&] { return completed_ >= record; };
  if (timeout_ms < 0) {
    return changed_.wait(lock, stop, happened);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  return changed_.wait_until(lock, stop, deadline, happened);
}

}  // namespace axllama::softcard
