#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>

namespace axllama::testing {

/// Lets threads pass a given number of times; open from the start.
class Gate {
 public:
  void close() { set(0); }
  void open() { set(std::nullopt); }
  void let_pass(std::size_t times) {
    const std::lock_guard lock(mutex_);
    passes_ = passes_.value_or(0) + times;
    changed_.notify_all();
  }
  /// Waits until at least `times` threads have come to the gate since the beginning.
  void wait_for_arrivals(std::size_t times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrivals_ >= times; });
  }
  std::size_t arrivals() const {
    const std::lock_guard lock(mutex_);
    return arrivals_;
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrivals_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !passes_ || *passes_ > 0; });
    if (passes_) {
      --*passes_;
    }
  }

 private:
  void set(std::optional<std::size_t> passes) {
    const std::lock_guard lock(mutex_);
    passes_ = passes;
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::size_t> passes_;  // unset: open
  std::size_t arrivals_ = 0;
};

}  // namespace axllama::testing
