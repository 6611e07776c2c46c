#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "axcl/device_memory.h"
#include "axcl/runtime.h"

namespace axllama::axcl {

struct CardState;  // card_state.h; private to this room

/// What the card reports about itself. Slow to query (50-200 ms): never on the way of a token.
struct CardProperties {
  std::string firmware;
  std::uint32_t pci_bus = 0;
  double temperature_celsius = 0;
  std::uint64_t memory_total_bytes = 0;  // card Linux RAM
  std::uint64_t memory_free_bytes = 0;
  std::uint64_t cmm_total_bytes = 0;  // memory for models and buffers
  std::uint64_t cmm_free_bytes = 0;
  double cpu_percent = 0;
  double npu_percent = 0;
};

/// Our own count of what crossed to the card, kept by the binding so that it works on every runtime.
struct CallCounters {
  std::uint64_t remote_calls = 0;  // execute, copies, allocation, memset: each a round trip to the card, or
                                   // a submission to a stream
  std::uint64_t executes = 0;
  std::uint64_t bytes_to_card = 0;
  std::uint64_t bytes_from_card = 0;
  std::uint64_t bytes_on_card = 0;         // card-to-card copies
  std::uint64_t nanoseconds_in_calls = 0;  // wall time spent inside remote calls and waits
  std::uint64_t waits = 0;                 // for streams; not remote calls

  CallCounters operator-(const CallCounters& earlier) const noexcept;
};

/// One opened card. Created on the thread that will own it (the lane); every other call must come from that
/// thread (checked: a call from another thread throws Error kInternal). The constructor connects, binds a
/// context and initialises the engine; the destructor finalises the engine and resets the device. Buffers and
/// models made from it should be gone before; what is left is freed by the reset and unusable after it.
class Card {
 public:
  /// `index` counts the runtime's device list from 0. Throws Error (kNotFound) where there is no such card,
  /// and (kUnavailable, kDevice) where the card does not answer.
  Card(std::shared_ptr<Runtime> runtime, std::size_t index);
  ~Card();
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  std::int32_t device_id() const noexcept;
  Runtime& runtime() noexcept;

  /// Blocking copies. Sizes must match (upload: dst.size == src.size()); throws Error (kInternal) with both
  /// otherwise. Any host memory will do; that of a HostBuffer is the fast path.
  void upload(DeviceSpan dst, std::span<const std::byte> src);
  void download(std::span<std::byte> dst, DeviceSpan src);
  void copy(DeviceSpan dst, DeviceSpan src);
  void fill(DeviceSpan dst, std::uint8_t value);

  /// Empty where the runtime lacks the call or the card does not answer.
  std::optional<CardProperties> properties();

  const CallCounters& counters() const noexcept;

 private:
  friend class DeviceBuffer;
  friend class HostBuffer;
  friend class Model;
  friend class Stream;

  std::shared_ptr<CardState> state_;
};

}  // namespace axllama::axcl
