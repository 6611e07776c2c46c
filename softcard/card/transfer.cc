#include "softcard/card/transfer.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "softcard/card/error.h"
#include "softcard/card/script_player.h"

namespace axllama::softcard {

namespace {

std::uint64_t bits(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

bool is_card_address(std::uint64_t address) {
  return address - Device::kFirstAddress < Settings::kMaxDevices * Device::kWindow;
}

void require_host(const void* pointer, const char* what) {
  if (is_card_address(bits(pointer))) {
    throw CardError(code::kMemoryIllegal, std::string(what) + " is the card address " + hex(bits(pointer)) +
                                              "; this kind of copy wants host memory there.");
  }
}

std::chrono::duration<double> at_rate(std::uint64_t bytes, double bytes_per_second) {
  return std::chrono::duration<double>(bytes_per_second > 0 ? static_cast<double>(bytes) / bytes_per_second
                                                            : 0);
}

/// Rule 8: an output that a chunk of too few rows left untouched is nobody's to use.
void check_untouched(Device& device, const DeviceRange& from) {
  const std::uint64_t missing = from.at.block->first_unwritten(from.at.offset, from.size);
  if (missing == from.at.offset + from.size || !from.at.block->is_skipped(missing)) {
    return;
  }
  const std::string text = "Binding rule 8 broken by a copy from " + hex(from.at.address()) + ": byte " +
                           std::to_string(missing - from.at.offset) +
                           " belongs to an output that a chunk of too few rows left untouched.";
  device.services().reports.add({.kind = "binding", .rule = 8, .text = text});
  if (device.services().settings()->mode == Mode::kStrict) {
    throw CardError(code::kMemoryIllegal, text);
  }
}

constexpr double kMega = 1e6;
constexpr double kGiga = 1e9;

}  // namespace

DeviceRange resolve_range(Device& device, const void* address, std::uint64_t size, const char* what) {
  const auto location = device.memory().find(bits(address));
  if (!location) {
    std::string text = std::string(what) + " " + hex(bits(address)) + " is not memory of card " +
                       std::to_string(device.id());
    if (!is_card_address(bits(address))) {
      text += "; it looks like a host address.";
    } else if (!device.memory().in_window(bits(address))) {
      text += "; it belongs to another card.";
    } else {
      text += "; nothing is allocated there (any more).";
    }
    device.services().reports.add({.kind = "memory", .text = text});
    throw CardError(code::kNotDeviceMemory, text);
  }
  if (size <= location->available()) {
    return {*location, size};
  }
  const std::string text = std::string(what) + " " + hex(bits(address)) + " with " + std::to_string(size) +
                           " bytes leaves its block of " + std::to_string(location->block->size()) +
                           " bytes at " + hex(location->block->address()) + " by " +
                           std::to_string(size - location->available()) + " bytes";
  if (device.services().settings()->mode == Mode::kStrict) {
    device.services().reports.add({.kind = "memory", .text = text + "."});
    throw CardError(code::kMemoryIllegal, text + ".");
  }
  device.services().reports.add({.kind = "memory", .text = text + "; only what fits is touched."});
  return {*location, location->available()};
}

Copy plan_copy(Device& device, void* to, const void* from, std::uint64_t size, CopyKind kind) {
  Copy copy;
  copy.kind = kind;
  copy.size = size;
  if (kind == CopyKind::kHostToDevice) {
    require_host(from, "The source");
    copy.host_from = from;
  } else {
    copy.from = resolve_range(device, from, size, "The source");
    copy.size = std::min(copy.size, copy.from.size);
  }
  if (kind == CopyKind::kDeviceToHost) {
    require_host(to, "The destination");
    copy.host_to = to;
  } else {
    copy.to = resolve_range(device, to, size, "The destination");
    copy.size = std::min(copy.size, copy.to.size);
  }
  return copy;
}

void Copy::perform(Device& device) const {
  Counters& counters = device.services().counters;
  switch (kind) {
    case CopyKind::kHostToHost:
      std::memcpy(host_to, host_from, size);
      return;
    case CopyKind::kHostToDevice:
      std::memcpy(to.at.data(), host_from, size);
      to.at.block->mark_written(to.at.offset, size);
      counters.add_bytes(Transfer::kHostToDevice, size);
      return;
    case CopyKind::kDeviceToHost:
      check_untouched(device, from);
      std::memcpy(host_to, from.at.data(), size);
      counters.add_bytes(Transfer::kDeviceToHost, size);
      return;
    case CopyKind::kDeviceToDevice: {
      check_untouched(device, from);
      const bool known = from.at.block->is_written(from.at.offset, size);
      std::memmove(to.at.data(), from.at.data(), size);
      if (known) {
        to.at.block->mark_written(to.at.offset, size);
      } else {
        to.at.block->mark_unwritten(to.at.offset, size);
      }
      if (device.services().settings()->compute == Compute::kScript) {
        device.services().script->copied(from.at.address(), to.at.address());
      }
      counters.add_bytes(Transfer::kDeviceToDevice, size);
      return;
    }
  }
}

std::chrono::duration<double> Copy::time(Device& device) const {
  const auto settings = device.services().settings();
  const TimingProfile& timing = settings->timing;
  if (kind == CopyKind::kDeviceToDevice) {
    return at_rate(size, timing.device_gb_per_s * kGiga);
  }
  auto time = at_rate(size, timing.copy_mb_per_s * kMega);
  const void* host = kind == CopyKind::kHostToDevice ? host_from : host_to;
  if (timing.unpinned_us > 0 && !device.services().host_memory.contains(host, size)) {
    time += std::chrono::duration<double, std::micro>(timing.unpinned_us);
  }
  return time;
}

void copy_on_host(void* to, const void* from, std::uint64_t size) {
  require_host(to, "The destination");
  require_host(from, "The source");
  std::memmove(to, from, size);
}

void fill(Device& device, const DeviceRange& range, std::uint8_t value) {
  std::memset(range.at.data(), value, range.size);
  range.at.block->mark_written(range.at.offset, range.size);
  device.services().counters.add_bytes(Transfer::kMemset, range.size);
}

std::chrono::duration<double> fill_time(Device& device, std::uint64_t size) {
  return at_rate(size, device.services().settings()->timing.device_gb_per_s * kGiga);
}

}  // namespace axllama::softcard
