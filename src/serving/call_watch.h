#pragma once

#include <chrono>
#include <condition_variable>
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

  explicit CallWatch(OnHung on_hung);
  ~CallWatch();
  CallWatch(const CallWatch&) = delete;
  CallWatch& operator=(const CallWatch&) = delete;

  /// A call begins (in place of one that had begun) that should be back within `limit`; nanoseconds::max():
  /// it may take for ever.
  void begin(std::string what, std::chrono::nanoseconds limit);
  /// It is back. True when it had been taken for hung.
  bool end();

 private:
  struct Call {
    std::string what;
    std::chrono::nanoseconds limit{};
    Clock::time_point deadline;
    bool hung = false;
  };

  void run();

  const OnHung on_hung_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Call> call_;
  Clock::time_point wake_up_ = Clock::time_point::max();  // when the thread looks again
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace axllama::serving
