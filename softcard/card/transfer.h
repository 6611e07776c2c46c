#pragma once

#include <cstdint>

#include "softcard/card/device.h"

namespace axllama::softcard {

enum class CopyKind : std::int32_t {
  kHostToHost = 0,
  kHostToDevice = 1,
  kDeviceToHost = 2,
  kDeviceToDevice = 3,
};

/// A range of card memory that has been checked; holding it keeps the memory alive.
struct DeviceRange {
  Location at;
  std::uint64_t size = 0;
};

/// The bytes [address, address + size) of one block. Throws CardError: not this card's memory, or out of the
/// block. In lenient mode a range that leaves its block is reported and cut at its end. `what` begins the
/// sentences.
DeviceRange resolve_range(Device& device, const void* address, std::uint64_t size, const char* what);

/// A copy whose addresses have been checked, to be performed now or by a stream.
struct Copy {
  CopyKind kind = CopyKind::kHostToHost;
  DeviceRange from;  // of the card's sides; empty for the host's
  DeviceRange to;
  const void* host_from = nullptr;
  void* host_to = nullptr;
  std::uint64_t size = 0;

  /// Throws CardError in strict mode when the source is an output left untouched (binding rule 8).
  void perform(Device& device) const;
  /// What the copy itself takes by the timing profile, without the call.
  std::chrono::duration<double> time(Device& device) const;
};

/// Checks sides and ranges. Throws CardError. `kind` must not be kHostToHost.
Copy plan_copy(Device& device, void* to, const void* from, std::uint64_t size, CopyKind kind);

/// A copy on the host. Throws CardError when an address is one of a card.
void copy_on_host(void* to, const void* from, std::uint64_t size);

void fill(Device& device, const DeviceRange& range, std::uint8_t value);
std::chrono::duration<double> fill_time(Device& device, std::uint64_t size);

}  // namespace axllama::softcard
