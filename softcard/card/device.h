#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>

#include "softcard/card/address_space.h"
#include "softcard/card/services.h"

namespace axllama::softcard {

/// One card. Any thread.
class Device {
 public:
  /// Card `index` of the process has its own window of addresses, so that an address of one is never valid on
  /// another. All windows lie between 5 GiB and 256 GiB, where no supported system maps memory of a program.
  static constexpr std::uint64_t kFirstAddress = 0x140000000;
  static constexpr std::uint64_t kWindow = 24ULL << 30U;

  Device(Services& services, std::int32_t id, std::size_t index);

  std::int32_t id() const noexcept { return id_; }
  Services& services() noexcept { return services_; }
  AddressSpace& memory() noexcept { return memory_; }

  /// Throws CardError (not connected) when the card has gone offline.
  void require_online() const;

  /// The engine's one-time initialisation, per card.
  void engine_init(std::int32_t vnpu_kind);
  void engine_finalize();
  /// Throws CardError when the engine has not been initialised.
  std::int32_t engine_kind() const;

  /// Changes with every reset; what was begun before is void.
  std::uint64_t generation() const;
  /// Ends hanging executions, whose card was reset under them.
  void interrupt();
  /// Waits for `ms` (0: for ever). False when a reset or the token ended the wait.
  bool hang(std::uint32_t ms, const std::stop_token& stop);

  /// Held by whoever runs a model on the card.
  std::mutex& npu() noexcept { return npu_; }
  void add_busy(std::chrono::nanoseconds time) noexcept { busy_ns_ += time.count(); }
  /// Share of the time since the last call during which the card ran models, in hundredths of a percent.
  std::uint32_t take_npu_load();

 private:
  Services& services_;
  std::int32_t id_;
  AddressSpace memory_;
  mutable std::mutex mutex_;
  std::condition_variable_any interrupted_;
  std::uint64_t generation_ = 0;
  bool engine_ready_ = false;
  std::int32_t engine_kind_ = 0;
  std::mutex npu_;
  std::atomic<std::int64_t> busy_ns_{0};
  std::chrono::steady_clock::time_point load_since_ = std::chrono::steady_clock::now();
};

/// One call that crosses the bus. Counts it, refuses it when the card is offline, and on finish() or
/// destruction lets it have lasted as long as the timing profile says.
class RemoteCall {
 public:
  enum class Kind { kSynchronous, kSubmission };

  explicit RemoteCall(Device& device, Kind kind = Kind::kSynchronous);
  ~RemoteCall();
  RemoteCall(const RemoteCall&) = delete;
  RemoteCall& operator=(const RemoteCall&) = delete;

  /// Adds to what the call takes at least.
  void cost(std::chrono::duration<double> time) { least_ += time; }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::duration<double> least_{0};
};

/// Sleeps until then, precisely to some microseconds.
void wait_until(std::chrono::steady_clock::time_point time);

}  // namespace axllama::softcard
