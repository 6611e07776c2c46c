#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

#include "softcard/abi/axcl_abi.h"
#include "softcard/abi/entry.h"
#include "softcard/abi/settings_source.h"

namespace softcard = axllama::softcard;
using softcard::CardError;
using softcard::guarded;
using softcard::require;
using softcard::runtime;
namespace code = axllama::softcard::code;

namespace {

// The release whose interface this is.
constexpr std::int32_t kMajor = 3;
constexpr std::int32_t kMinor = 10;
constexpr std::int32_t kPatch = 2;
constexpr char kFullVersion[] = "V3.10.2_20251215140224";

constexpr std::uint32_t kPciDeviceId = 0x0650;
constexpr std::uint64_t kUid = 0x0650A0C500000000;
constexpr std::int32_t kTemperature = 49263;
constexpr std::uint32_t kSystemMemoryKib = 968 * 1024;
constexpr std::uint32_t kFreeSystemMemoryKib = 612 * 1024;
constexpr std::uint32_t kCpuLoad = 250;

std::uint32_t kib(std::uint64_t bytes) {
  return static_cast<std::uint32_t>(bytes / 1024);
}

}  // namespace

axclError axclInit(const char* config) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    auto& chatter = runtime().services().chatter;
    chatter.read_level(config);
    try {
      runtime().init(softcard::current_settings());
    } catch (const CardError& error) {
      chatter.say(softcard::Chatter::kError, std::string("init: ") + error.what());
      throw;
    }
    chatter.say(softcard::Chatter::kInfo, std::string("init: runtime ") + kFullVersion);
  });
}

axclError axclrtRebootDevice(std::int32_t id) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { runtime().reboot_device(id); });
}

axclError axclFinalize() {
  SOFTCARD_COUNT_CALL();
  return guarded([] {
    runtime().finalize();
    runtime().services().chatter.say(softcard::Chatter::kInfo, "finalize: done");
  });
}

axclError axclrtGetVersion(std::int32_t* major, std::int32_t* minor, std::int32_t* patch) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    for (const auto& [target, value] :
         {std::pair(major, kMajor), std::pair(minor, kMinor), std::pair(patch, kPatch)}) {
      require(target, code::kDeviceNull, "A version number's place");
      *target = value;
    }
  });
}

const char* axclrtGetFullVersion() {
  SOFTCARD_COUNT_CALL();
  return kFullVersion;
}

const char* axclrtGetSocName() {
  SOFTCARD_COUNT_CALL();
  return runtime().initialised() ? "AX650N" : "UNKNOWN";
}

axclError axclrtGetDeviceList(axclrtDeviceList* list) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(list, code::kDeviceNull, "The device list");
    const auto ids = runtime().device_ids();
    *list = {};
    list->num = static_cast<std::uint32_t>(ids.size());
    std::copy(ids.begin(), ids.end(), std::begin(list->devices));
  });
}

axclError axclrtGetDeviceCount(std::uint32_t* count) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(count, code::kDeviceNull, "The device count");
    *count = static_cast<std::uint32_t>(runtime().device_ids().size());
  });
}

axclError axclrtSetDevice(std::int32_t id) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    runtime().set_device(id);
    runtime().services().chatter.say(softcard::Chatter::kInfo,
                                     "device " + std::to_string(id) + ": connected");
  });
}

axclError axclrtResetDevice(std::int32_t id) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { runtime().reset_device(id); });
}

axclError axclrtGetDevice(std::int32_t* id) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(id, code::kDeviceNull, "The device id");
    try {
      *id = runtime().current()->device().id();
    } catch (const CardError&) {
      throw CardError(code::kNoActiveDevice, "The calling thread has no active card.");
    }
  });
}

axclError axclrtSynchronizeDevice() {
  SOFTCARD_COUNT_CALL();
  return guarded([] {
    std::optional<std::shared_ptr<softcard::Context>> context;
    try {
      context = runtime().current();
    } catch (const CardError&) {
      return 0;  // nothing to wait for, as with the vendor's library
    }
    std::int32_t first_error = 0;
    for (const auto& stream : runtime().streams_of((*context)->device())) {
      stream->queue.synchronize(-1);
      const std::int32_t error = stream->queue.take_error();
      first_error = first_error == 0 ? error : first_error;
    }
    return first_error;
  });
}

axclError axclrtGetDeviceProperties(std::int32_t id, axclrtDeviceProperties* properties) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(properties, code::kDeviceNull, "The properties");
    std::shared_ptr<softcard::Device> device;
    try {
      device = runtime().device(id);
    } catch (const CardError& error) {
      throw CardError(code::kDeviceQuery, error.what());
    }
    softcard::RemoteCall call(*device);
    call.cost(runtime().services().settings()->properties_time);
    if (const auto fault = runtime().services().faults.strike_one(softcard::FaultPoint::kProperties, id)) {
      throw CardError(softcard::FaultPlan::code_of(*fault), "A fault keeps the properties back.");
    }
    const auto& memory = device->memory();
    *properties = {};
    std::copy(std::begin(kFullVersion), std::end(kFullVersion), std::begin(properties->swVersion));
    properties->uid = kUid + static_cast<std::uint32_t>(id);
    properties->pciBusID = static_cast<std::uint32_t>(id);
    properties->pciDeviceID = kPciDeviceId;
    properties->temperature = kTemperature;
    properties->totalMemSize = kSystemMemoryKib;
    properties->freeMemSize = kFreeSystemMemoryKib;
    properties->totalCmmSize = kib(memory.quota());
    properties->freeCmmSize = kib(memory.quota() - std::min(memory.used(), memory.quota()));
    properties->cpuLoading = kCpuLoad;
    properties->npuLoading = device->take_npu_load();
  });
}
