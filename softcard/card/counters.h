#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace axllama::softcard {

/// How often one exported function was called.
class CallCounter {
 public:
  explicit CallCounter(std::string_view name) : name_(name) {}

  void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void reset() noexcept { count_.store(0, std::memory_order_relaxed); }
  std::string_view name() const noexcept { return name_; }
  std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  std::string_view name_;
  std::atomic<std::uint64_t> count_{0};
};

enum class Transfer { kHostToDevice, kDeviceToHost, kDeviceToDevice, kMemset };

/// What the card was asked to do since the start or the last reset. Any thread.
class Counters {
 public:
  /// The one counter of this name; `name` must outlive the object. The reference stays valid.
  CallCounter& call(std::string_view name);
  /// A call that crosses the bus to the card (a copy from host to host does not, whatever its name).
  void add_remote() noexcept { remote_.fetch_add(1, std::memory_order_relaxed); }
  void add_bytes(Transfer transfer, std::uint64_t bytes) noexcept;
  void add_execution(const std::string& model, std::uint32_t group);
  void add_load(std::uint64_t bytes) noexcept;

  std::uint64_t remote_calls() const noexcept { return remote_.load(std::memory_order_relaxed); }
  std::uint64_t bytes(Transfer transfer) const noexcept;

  /// The JSON object docs/softcard.md describes.
  nlohmann::json to_json() const;
  void reset();

 private:
  mutable std::mutex mutex_;
  std::deque<CallCounter> calls_;
  std::map<std::string, std::map<std::uint32_t, std::uint64_t>> executions_;  // model -> group -> count
  std::atomic<std::uint64_t> remote_{0};
  std::array<std::atomic<std::uint64_t>, 4> bytes_{};
  std::atomic<std::uint64_t> loads_{0};
  std::atomic<std::uint64_t> load_bytes_{0};
};

}  // namespace axllama::softcard
