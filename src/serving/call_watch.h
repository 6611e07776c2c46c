#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace axllama::serving {

/// Notices when a call of another thread does not come back. That thread cannot be ended, so all there is to
/// do is to tell those who wait for it.
class CallWatch {
 public:
  using Clock = std::chrono::steady_clock;
  /// Takes what the call was for and its limit; called once per call, on a thread of the watch.
  using OnHung = std::function<void(const std::string&, std::chrono::nanoseconds)>;
  /// Called on that thread when a call is still out at the time that begin() gave; returns when to be called
  /// again if it stays out: kNever.
  using OnLook = std::function<Clock::time_point()>;
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  explicit CallWatch(OnHung on_hung, OnLook on_look = {});
  ~CallWatch();
  CallWatch(const CallWatch&) = delete;
  CallWatch& operator=(const CallWatch&) = delete;

  /// A call begins (in place of one that had begun) that should be back within `limit`; nanoseconds::max():
  /// it may take for ever. `look_at`: see OnLook.
  void begin(std::string what, std::chrono::nanoseconds limit, Clock::time_point look_at = kNever);
  /// It is back. True when it had been taken for hung.
  bool end();

 private:
  struct Call {
    std::string what;
    std::chrono::nanoseconds limit{};
    Clock::time_point deadline;
    Clock::time_point look_at;
    bool hung = false;

    Clock::time_point next() const { return std::min(hung ? kNever : deadline, look_at); }
  };

  void run();

  const OnHung on_hung_;
  const OnLook on_look_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Call> call_;
  std::uint64_t calls_ = 0;             // that have begun
  Clock::time_point wake_up_ = kNever;  // when the thread looks again
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace axllama::serving
