#pragma once

#include <atomic>

namespace axllama::cli {

/// While alive, Ctrl-C sets a flag instead of ending the program. One at a time, made on the main thread.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static const std::atomic<bool>& flag() noexcept;
  /// Returns whether Ctrl-C was pressed since the last call, and forgets it.
  static bool take() noexcept;
};

}  // namespace axllama::cli
