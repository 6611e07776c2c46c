#pragma once

// Our own declarations of the AXCL C ABI (library generations 2.x to 3.10), private to this room. The
// vendor's headers are not used. Names of functions are the exported symbols; sizes and offsets were measured
// on the vendor's library.

#include <cstddef>
#include <cstdint>
#include <string>

namespace axllama::axcl {

using AxclError = std::int32_t;  // 0 is success; see describe_axcl_error
using AxclContext = void*;
using AxclIoInfo = void*;
using AxclIo = void*;
using AxclStream = void*;

enum class MallocPolicy : std::int32_t { kHugeFirst = 0, kHugeOnly = 1, kNormalOnly = 2, kSizeAlign = 3 };
enum class MemcpyKind : std::int32_t {
  kHostToHost = 0,
  kHostToDevice = 1,
  kDeviceToHost = 2,
  kDeviceToDevice = 3
};
enum class VnpuKind : std::int32_t { kDisable = 0, kEnable = 1, kBigLittle = 2, kLittleBig = 3 };

struct AxclDeviceList {
  std::uint32_t count;
  std::int32_t devices[256];
};
static_assert(sizeof(AxclDeviceList) == 1028);
static_assert(offsetof(AxclDeviceList, count) == 0);
static_assert(offsetof(AxclDeviceList, devices) == 4);

struct AxclIoDims {
  std::int32_t count;
  std::int32_t dims[32];
};
static_assert(sizeof(AxclIoDims) == 132);
static_assert(offsetof(AxclIoDims, count) == 0);
static_assert(offsetof(AxclIoDims, dims) == 4);

struct AxclDeviceProperties {
  char software_version[64];
  std::uint64_t uid;
  std::uint32_t pci_domain;
  std::uint32_t pci_bus;
  std::uint32_t pci_device;
  std::int32_t temperature;       // thousandths of a degree Celsius
  std::uint32_t memory_total_kb;  // the card's own Linux
  std::uint32_t memory_free_kb;
  std::uint32_t cmm_total_kb;  // contiguous memory: models and buffers
  std::uint32_t cmm_free_kb;
  std::uint32_t cpu_loading;  // hundredths of a percent
  std::uint32_t npu_loading;
  std::uint32_t reserved[32];
};
static_assert(sizeof(AxclDeviceProperties) == 240);
static_assert(alignof(AxclDeviceProperties) == 8);
static_assert(offsetof(AxclDeviceProperties, software_version) == 0);
static_assert(offsetof(AxclDeviceProperties, uid) == 64);
static_assert(offsetof(AxclDeviceProperties, pci_domain) == 72);
static_assert(offsetof(AxclDeviceProperties, pci_bus) == 76);
static_assert(offsetof(AxclDeviceProperties, pci_device) == 80);
static_assert(offsetof(AxclDeviceProperties, temperature) == 84);
static_assert(offsetof(AxclDeviceProperties, memory_total_kb) == 88);
static_assert(offsetof(AxclDeviceProperties, memory_free_kb) == 92);
static_assert(offsetof(AxclDeviceProperties, cmm_total_kb) == 96);
static_assert(offsetof(AxclDeviceProperties, cmm_free_kb) == 100);
static_assert(offsetof(AxclDeviceProperties, cpu_loading) == 104);
static_assert(offsetof(AxclDeviceProperties, npu_loading) == 108);
static_assert(offsetof(AxclDeviceProperties, reserved) == 112);

static_assert(sizeof(AxclError) == 4);
static_assert(sizeof(MallocPolicy) == 4 && sizeof(MemcpyKind) == 4 && sizeof(VnpuKind) == 4);
static_assert(sizeof(AxclContext) == 8 && sizeof(std::size_t) == 8, "AXCL exists for 64-bit hosts only");

// Symbols every supported library has: X(symbol, result, parameters...).
// NOLINTBEGIN(bugprone-macro-parentheses)
#define AXLLAMA_AXCL_REQUIRED_SYMBOLS(X)                                                              \
  X(axclInit, AxclError, const char*)                                                                 \
  X(axclFinalize, AxclError)                                                                          \
  X(axclrtGetVersion, AxclError, std::int32_t*, std::int32_t*, std::int32_t*)                         \
  X(axclrtGetSocName, const char*)                                                                    \
  X(axclrtGetDeviceList, AxclError, AxclDeviceList*)                                                  \
  X(axclrtSetDevice, AxclError, std::int32_t)                                                         \
  X(axclrtResetDevice, AxclError, std::int32_t)                                                       \
  X(axclrtCreateContext, AxclError, AxclContext*, std::int32_t)                                       \
  X(axclrtDestroyContext, AxclError, AxclContext)                                                     \
  X(axclrtSetCurrentContext, AxclError, AxclContext)                                                  \
  X(axclrtGetCurrentContext, AxclError, AxclContext*)                                                 \
  X(axclrtMalloc, AxclError, void**, std::size_t, MallocPolicy)                                       \
  X(axclrtFree, AxclError, void*)                                                                     \
  X(axclrtMallocHost, AxclError, void**, std::size_t)                                                 \
  X(axclrtFreeHost, AxclError, void*)                                                                 \
  X(axclrtMemcpy, AxclError, void*, const void*, std::size_t, MemcpyKind)                             \
  X(axclrtMemset, AxclError, void*, std::uint8_t, std::size_t)                                        \
  X(axclrtEngineInit, AxclError, VnpuKind)                                                            \
  X(axclrtEngineFinalize, AxclError)                                                                  \
  X(axclrtEngineGetVNpuKind, AxclError, VnpuKind*)                                                    \
  X(axclrtEngineLoadFromFile, AxclError, const char*, std::uint64_t*)                                 \
  X(axclrtEngineUnload, AxclError, std::uint64_t)                                                     \
  X(axclrtEngineCreateContext, AxclError, std::uint64_t, std::uint64_t*)                              \
  X(axclrtEngineGetModelCompilerVersion, const char*, std::uint64_t)                                  \
  X(axclrtEngineGetIOInfo, AxclError, std::uint64_t, AxclIoInfo*)                                     \
  X(axclrtEngineDestroyIOInfo, AxclError, AxclIoInfo)                                                 \
  X(axclrtEngineGetShapeGroupsCount, AxclError, AxclIoInfo, std::int32_t*)                            \
  X(axclrtEngineGetNumInputs, std::uint32_t, AxclIoInfo)                                              \
  X(axclrtEngineGetNumOutputs, std::uint32_t, AxclIoInfo)                                             \
  X(axclrtEngineGetInputSizeByIndex, std::uint64_t, AxclIoInfo, std::uint32_t, std::uint32_t)         \
  X(axclrtEngineGetOutputSizeByIndex, std::uint64_t, AxclIoInfo, std::uint32_t, std::uint32_t)        \
  X(axclrtEngineGetInputNameByIndex, const char*, AxclIoInfo, std::uint32_t)                          \
  X(axclrtEngineGetOutputNameByIndex, const char*, AxclIoInfo, std::uint32_t)                         \
  X(axclrtEngineGetInputDims, AxclError, AxclIoInfo, std::uint32_t, std::uint32_t, AxclIoDims*)       \
  X(axclrtEngineGetOutputDims, AxclError, AxclIoInfo, std::uint32_t, std::uint32_t, AxclIoDims*)      \
  X(axclrtEngineCreateIO, AxclError, AxclIoInfo, AxclIo*)                                             \
  X(axclrtEngineDestroyIO, AxclError, AxclIo)                                                         \
  X(axclrtEngineSetInputBufferByIndex, AxclError, AxclIo, std::uint32_t, const void*, std::uint64_t)  \
  X(axclrtEngineSetOutputBufferByIndex, AxclError, AxclIo, std::uint32_t, const void*, std::uint64_t) \
  X(axclrtEngineExecute, AxclError, std::uint64_t, std::uint64_t, std::uint32_t, AxclIo)

// Symbols some library versions lack; null when absent.
#define AXLLAMA_AXCL_OPTIONAL_SYMBOLS(X)                                                                  \
  X(axclSetLogLevel, AxclError, std::int32_t)                                                             \
  X(axclrtGetFullVersion, const char*)                                                                    \
  X(axclrtGetDeviceProperties, AxclError, std::int32_t, AxclDeviceProperties*)                            \
  X(axclrtRebootDevice, AxclError, std::int32_t)                                                          \
  X(axclrtEngineGetInputDataType, AxclError, AxclIoInfo, std::uint32_t, std::int32_t*)                    \
  X(axclrtEngineGetOutputDataType, AxclError, AxclIoInfo, std::uint32_t, std::int32_t*)                   \
  X(axclrtCreateStream, AxclError, AxclStream*)                                                           \
  X(axclrtDestroyStream, AxclError, AxclStream)                                                           \
  X(axclrtDestroyStreamForce, AxclError, AxclStream)                                                      \
  X(axclrtSynchronizeStream, AxclError, AxclStream)                                                       \
  X(axclrtSynchronizeStreamWithTimeout, AxclError, AxclStream, std::int32_t)                              \
  X(axclrtMemcpyAsync, AxclError, void*, const void*, std::size_t, MemcpyKind, AxclStream)                \
  X(axclrtEngineExecuteAsync, AxclError, std::uint64_t, std::uint64_t, std::uint32_t, AxclIo, AxclStream) \
  X(axllamaSoftcardCounters, std::int32_t, char*, std::uint64_t, std::uint64_t*)                          \
  X(axllamaSoftcardTiming, std::int32_t, char*, std::uint64_t, std::uint64_t*)                            \
  X(axllamaSoftcardComputes, std::int32_t)                                                                \
  X(axllamaSoftcardLastError, std::int32_t, char*, std::uint64_t, std::uint64_t*)

/// The functions of one loaded library.
struct Abi {
#define AXLLAMA_AXCL_MEMBER(symbol, result, ...) result (*symbol)(__VA_ARGS__) = nullptr;
  AXLLAMA_AXCL_REQUIRED_SYMBOLS(AXLLAMA_AXCL_MEMBER)
  AXLLAMA_AXCL_OPTIONAL_SYMBOLS(AXLLAMA_AXCL_MEMBER)
#undef AXLLAMA_AXCL_MEMBER
};
// NOLINTEND(bugprone-macro-parentheses)

/// Resolves all symbols of an open library. Throws Error (kUnavailable) naming `library` and the first
/// required symbol it lacks.
Abi resolve_abi(void* handle, const std::string& library);

/// The ABI writes card addresses as pointers; they are never dereferenced on the host.
inline void* device_pointer(std::uint64_t address) noexcept {
  return reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace axllama::axcl
