#pragma once

#include <cstddef>
#include <cstdint>

#include "text/jinja/limits.h"

namespace axllama::text::jinja {

/// Counts what one rendering uses and throws a Failure (kLimit) at the limits. Belongs to one thread.
class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits) {}

  const Limits& limits() const noexcept { return limits_; }

  void step(std::uint64_t count = 1) {
    steps_ += count;
    if (steps_ > limits_.max_steps) {
      out_of_steps();
    }
  }
  /// Accounts for reading or writing `bytes` of text.
  void work(std::size_t bytes) { step(1 + bytes / 64); }

  void allocate(std::size_t bytes) {
    // The comparison is written so that a huge request cannot wrap around.
    if (bytes > limits_.max_memory_bytes - used_) {
      out_of_memory();
    }
    used_ += bytes;
  }
  void release(std::size_t bytes) noexcept { used_ -= bytes; }
  /// Throws when `bytes` more would not fit, without taking them: for checks before something is built.
  void expect_room(std::size_t bytes) const {
    if (bytes > limits_.max_memory_bytes - used_) {
      out_of_memory();
    }
  }

 private:
  [[noreturn]] void out_of_steps() const;
  [[noreturn]] void out_of_memory() const;

  const Limits& limits_;
  std::uint64_t steps_ = 0;
  std::size_t used_ = 0;
};

/// Guards one level of nesting: counts while alive, throws a Failure (kLimit) with `what` beyond `limit`.
class DepthGuard {
 public:
  DepthGuard(int& depth, int limit, const char* what) : depth_(depth) {
    if (depth >= limit) {
      too_deep(limit, what);
    }
    ++depth_;
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  [[noreturn]] static void too_deep(int limit, const char* what);

  int& depth_;
};

}  // namespace axllama::text::jinja
