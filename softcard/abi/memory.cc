#include <cstring>
#include <string>

#include "softcard/abi/axcl_abi.h"
#include "softcard/abi/entry.h"
#include "softcard/card/submit.h"
#include "softcard/card/transfer.h"

namespace softcard = axllama::softcard;
using softcard::CardError;
using softcard::CopyKind;
using softcard::Device;
using softcard::guarded;
using softcard::RemoteCall;
using softcard::require;
using softcard::runtime;
namespace code = axllama::softcard::code;

namespace {

void allocate(void** pointer, std::size_t size, bool cached) {
  require(pointer, code::kMemoryNull, "The place for the address");
  const auto context = runtime().current();
  Device& device = context->device();
  const RemoteCall call(device);
  if (const auto fault = runtime().services().faults.strike_one(softcard::FaultPoint::kMalloc, device.id())) {
    throw CardError(softcard::FaultPlan::code_of(*fault), "A fault refuses the memory.");
  }
  if (size == 0) {
    throw CardError(code::kMemoryIllegal, "Card memory of 0 bytes was asked for.");
  }
  const auto block = device.memory().allocate(size, cached);
  if (!block) {
    throw CardError(code::kMemoryExhausted,
                    "Card " + std::to_string(device.id()) + " has " +
                        std::to_string(device.memory().quota() - device.memory().used()) +
                        " bytes of memory left; " + std::to_string(size) + " were asked for.");
  }
  *pointer = reinterpret_cast<void*>(block->address());
}

void release(void* pointer) {
  require(pointer, code::kMemoryNull, "The address");
  const auto context = runtime().current();
  Device& device = context->device();
  const RemoteCall call(device);
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  if (device.memory().release(address)) {
    return;
  }
  std::string text = "axclrtFree of " + softcard::hex(address) + ": ";
  const auto inside = device.memory().find(address);
  if (inside) {
    text += "the block there begins at " + softcard::hex(inside->block->address()) +
            "; only a block's base is freed.";
  } else if (device.memory().in_window(address)) {
    text += "nothing is allocated there; it was freed before or never handed out.";
  } else {
    text += "this is not memory of card " + std::to_string(device.id()) +
            ", which the context in use belongs to.";
  }
  runtime().services().reports.add({.kind = "memory", .text = text});
  throw CardError(inside ? code::kMemoryIllegal : code::kNotDeviceMemory, text);
}

std::int32_t compare(Device& device, const void* a, const void* b, std::size_t size) {
  const auto left = softcard::resolve_range(device, a, size, "The first range");
  const auto right = softcard::resolve_range(device, b, size, "The second range");
  const auto common = std::min(left.size, right.size);
  return std::memcmp(left.at.data(), right.at.data(), common) == 0 ? 0 : code::kPlainFail;
}

void strike_copy(const Device& device) {
  if (const auto fault = runtime().services().faults.strike_one(softcard::FaultPoint::kCopy, device.id())) {
    throw CardError(softcard::FaultPlan::code_of(*fault), "A fault ends the copy.");
  }
}

void check_cached(void* pointer, std::size_t size) {
  require(pointer, code::kMemoryNull, "The address");
  const auto context = runtime().current();
  const RemoteCall call(context->device());
  softcard::resolve_range(context->device(), pointer, size, "The range");
}

CopyKind card_kind(axclrtMemcpyKind kind) {
  const auto number = static_cast<std::int32_t>(kind);
  if (number == 4 || number == 5) {
    throw CardError(code::kMemoryUnsupported,
                    "Copies by physical host address are not possible on a software card.");
  }
  if (number < 1 || number > 5) {
    throw CardError(code::kMemoryIllegal,
                    "There is no kind of copy with the number " + std::to_string(number) + ".");
  }
  return static_cast<CopyKind>(number);
}

}  // namespace

axclError axclrtMalloc(void** pointer, std::size_t size, axclrtMemMallocPolicy /*policy*/) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { allocate(pointer, size, false); });
}

axclError axclrtMallocCached(void** pointer, std::size_t size, axclrtMemMallocPolicy /*policy*/) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { allocate(pointer, size, true); });
}

axclError axclrtFree(void* pointer) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { release(pointer); });
}

axclError axclrtMallocHost(void** pointer, std::size_t size) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(pointer, code::kMemoryNull, "The place for the address");
    if (size == 0) {
      return;
    }
    void* memory = runtime().services().host_memory.allocate(size);
    if (memory == nullptr) {
      throw CardError(code::kMemoryExhausted,
                      "The host has no " + std::to_string(size) + " bytes of memory left.");
    }
    *pointer = memory;
  });
}

axclError axclrtFreeHost(void* pointer) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    if (pointer != nullptr && !runtime().services().host_memory.release(pointer)) {
      const std::string text = "axclrtFreeHost of " +
                               softcard::hex(reinterpret_cast<std::uintptr_t>(pointer)) +
                               ": it was freed before or is not from axclrtMallocHost.";
      runtime().services().reports.add({.kind = "memory", .text = text});
      throw CardError(code::kMemoryIllegal, text);
    }
  });
}

axclError axclrtMemcpy(void* to, const void* from, std::size_t size, axclrtMemcpyKind kind) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(to, code::kMemoryNull, "The destination");
    require(from, code::kMemoryNull, "The source");
    if (size == 0) {
      return;
    }
    if (static_cast<std::int32_t>(kind) == static_cast<std::int32_t>(CopyKind::kHostToHost)) {
      softcard::copy_on_host(to, from, size);
      return;
    }
    const auto context = runtime().current();
    Device& device = context->device();
    RemoteCall call(device);
    strike_copy(device);
    const auto copy = softcard::plan_copy(device, to, from, size, card_kind(kind));
    call.cost(copy.time(device));
    copy.perform(device);
  });
}

axclError axclrtMemset(void* pointer, std::uint8_t value, std::size_t size) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(pointer, code::kMemoryNull, "The address");
    const auto context = runtime().current();
    Device& device = context->device();
    RemoteCall call(device);
    strike_copy(device);
    const auto range = softcard::resolve_range(device, pointer, size, "The range to fill");
    call.cost(softcard::fill_time(device, range.size));
    softcard::fill(device, range, value);
  });
}

axclError axclrtMemcmp(const void* a, const void* b, std::size_t size) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(a, code::kMemoryNull, "The first address");
    require(b, code::kMemoryNull, "The second address");
    const auto context = runtime().current();
    const RemoteCall call(context->device());
    return compare(context->device(), a, b, size);
  });
}

axclError axclrtMemFlush(void* pointer, std::size_t size) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { check_cached(pointer, size); });
}

axclError axclrtMemInvalidate(void* pointer, std::size_t size) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { check_cached(pointer, size); });
}

axclError axclrtMemcpyAsync(void* to, const void* from, std::size_t size, axclrtMemcpyKind kind,
                            axclrtStream stream) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    if (static_cast<std::int32_t>(kind) == static_cast<std::int32_t>(CopyKind::kHostToHost)) {
      return code::kPlainUnsupported;
    }
    const auto target = runtime().stream(stream);
    require(to, code::kMemoryNull, "The destination");
    require(from, code::kMemoryNull, "The source");
    auto device = target->device;
    const auto copy = softcard::plan_copy(*device, to, from, size, card_kind(kind));
    softcard::submit(*target, copy.time(*device), [device, copy](const std::stop_token&) {
      strike_copy(*device);
      copy.perform(*device);
    });
    return 0;
  });
}

axclError axclrtMemsetAsync(void* pointer, std::uint8_t value, std::size_t size, axclrtStream stream) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto target = runtime().stream(stream);
    require(pointer, code::kMemoryNull, "The address");
    auto device = target->device;
    const auto range = softcard::resolve_range(*device, pointer, size, "The range to fill");
    softcard::submit(
        *target, softcard::fill_time(*device, size),
        [device, range, value](const std::stop_token&) { softcard::fill(*device, range, value); });
  });
}

axclError axclrtMemcmpAsync(const void* a, const void* b, std::size_t size, axclrtStream stream) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto target = runtime().stream(stream);
    require(a, code::kMemoryNull, "The first address");
    require(b, code::kMemoryNull, "The second address");
    auto device = target->device;
    softcard::submit(*target, {}, [device, a, b, size](const std::stop_token&) {
      if (compare(*device, a, b, size) != 0) {
        throw CardError(code::kPlainFail, "The two ranges differ.");
      }
    });
  });
}
