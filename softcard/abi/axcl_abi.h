#pragma once

// The AXCL C ABI as the software card implements it: own declarations of the vendor's public types and
// functions, checked by size and offset. Every function returns 0 or an error code (softcard/card/error.h)
// unless its type says otherwise. docs/softcard.md tells where the software card differs from the hardware.

#include <cstddef>
#include <cstdint>

#define AXCL_EXPORT extern "C" __attribute__((visibility("default")))

using axclError = std::int32_t;
using axclrtContext = void*;
using axclrtStream = void*;
using axclrtEvent = void*;
using axclrtEngineIOInfo = void*;
using axclrtEngineIO = void*;
using axclrtEngineSet = std::uint32_t;

enum axclrtMemMallocPolicy : std::int32_t {};
enum axclrtMemcpyKind : std::int32_t {};
enum axclrtEngineVNpuKind : std::int32_t {};
enum axclrtEngineModelKind : std::int32_t {};
enum axclrtEngineDataType : std::int32_t {};
enum axclrtEngineDataLayout : std::int32_t {};
enum axclrtTransferPolicy : std::int32_t {};

struct axclrtDeviceList {
  std::uint32_t num;
  std::int32_t devices[256];
};
static_assert(sizeof(axclrtDeviceList) == 1028 && offsetof(axclrtDeviceList, devices) == 4);

struct axclrtEngineIODims {
  std::int32_t dimCount;
  std::int32_t dims[32];
};
static_assert(sizeof(axclrtEngineIODims) == 132 && offsetof(axclrtEngineIODims, dims) == 4);

struct axclrtDeviceProperties {
  char swVersion[64];
  std::uint64_t uid;
  std::uint32_t pciDomain;
  std::uint32_t pciBusID;
  std::uint32_t pciDeviceID;
  std::int32_t temperature;    // thousandths of a degree Celsius
  std::uint32_t totalMemSize;  // KiB, as the three below
  std::uint32_t freeMemSize;
  std::uint32_t totalCmmSize;
  std::uint32_t freeCmmSize;
  std::uint32_t cpuLoading;  // hundredths of a percent
  std::uint32_t npuLoading;
  std::uint32_t reserved[32];
};
static_assert(sizeof(axclrtDeviceProperties) == 240 && alignof(axclrtDeviceProperties) == 8);
static_assert(offsetof(axclrtDeviceProperties, uid) == 64 &&
              offsetof(axclrtDeviceProperties, pciDomain) == 72);
static_assert(offsetof(axclrtDeviceProperties, pciBusID) == 76 &&
              offsetof(axclrtDeviceProperties, pciDeviceID) == 80);
static_assert(offsetof(axclrtDeviceProperties, temperature) == 84);
static_assert(offsetof(axclrtDeviceProperties, totalMemSize) == 88);
static_assert(offsetof(axclrtDeviceProperties, freeMemSize) == 92);
static_assert(offsetof(axclrtDeviceProperties, totalCmmSize) == 96);
static_assert(offsetof(axclrtDeviceProperties, freeCmmSize) == 100);
static_assert(offsetof(axclrtDeviceProperties, cpuLoading) == 104);
static_assert(offsetof(axclrtDeviceProperties, npuLoading) == 108);

// Process and device
AXCL_EXPORT axclError axclInit(const char* config);
AXCL_EXPORT axclError axclFinalize();
AXCL_EXPORT axclError axclSetLogLevel(std::int32_t level);
AXCL_EXPORT void axclAppLog(std::int32_t level, const char* function, const char* tag, std::uint32_t line,
                            const char* format, ...) __attribute__((format(printf, 5, 6)));
AXCL_EXPORT axclError axclrtGetVersion(std::int32_t* major, std::int32_t* minor, std::int32_t* patch);
AXCL_EXPORT const char* axclrtGetFullVersion();
AXCL_EXPORT const char* axclrtGetSocName();
AXCL_EXPORT axclError axclrtGetDeviceList(axclrtDeviceList* list);
AXCL_EXPORT axclError axclrtGetDeviceCount(std::uint32_t* count);
AXCL_EXPORT axclError axclrtSetDevice(std::int32_t id);
AXCL_EXPORT axclError axclrtResetDevice(std::int32_t id);
AXCL_EXPORT axclError axclrtGetDevice(std::int32_t* id);
AXCL_EXPORT axclError
axclrtRebootDevice(std::int32_t id);  // exported by the vendor's library, in no public header
AXCL_EXPORT axclError axclrtSynchronizeDevice();
AXCL_EXPORT axclError axclrtGetDeviceProperties(std::int32_t id, axclrtDeviceProperties* properties);

// Contexts, streams, events
AXCL_EXPORT axclError axclrtCreateContext(axclrtContext* context, std::int32_t id);
AXCL_EXPORT axclError axclrtDestroyContext(axclrtContext context);
AXCL_EXPORT axclError axclrtSetCurrentContext(axclrtContext context);
AXCL_EXPORT axclError axclrtGetCurrentContext(axclrtContext* context);
AXCL_EXPORT axclError axclrtGetDefaultContext(axclrtContext* context, std::int32_t id);
AXCL_EXPORT axclError axclrtCreateStream(axclrtStream* stream);
AXCL_EXPORT axclError axclrtDestroyStream(axclrtStream stream);
AXCL_EXPORT axclError axclrtDestroyStreamForce(axclrtStream stream);
AXCL_EXPORT axclError axclrtSynchronizeStream(axclrtStream stream);
AXCL_EXPORT axclError axclrtSynchronizeStreamWithTimeout(axclrtStream stream, std::int32_t timeout_ms);
AXCL_EXPORT axclError axclrtCreateEvent(axclrtEvent* event);
AXCL_EXPORT axclError axclrtDestroyEvent(axclrtEvent event);
AXCL_EXPORT axclError axclrtRecordEvent(axclrtEvent event, axclrtStream stream);
AXCL_EXPORT axclError axclrtStreamWaitEvent(axclrtStream stream, axclrtEvent event);
AXCL_EXPORT axclError axclrtStreamWaitEventWithTimeout(axclrtStream stream, axclrtEvent event,
                                                       std::int32_t timeout_ms);

// Memory
AXCL_EXPORT axclError axclrtMalloc(void** pointer, std::size_t size, axclrtMemMallocPolicy policy);
AXCL_EXPORT axclError axclrtMallocCached(void** pointer, std::size_t size, axclrtMemMallocPolicy policy);
AXCL_EXPORT axclError axclrtFree(void* pointer);
AXCL_EXPORT axclError axclrtMallocHost(void** pointer, std::size_t size);
AXCL_EXPORT axclError axclrtFreeHost(void* pointer);
AXCL_EXPORT axclError axclrtMemcpy(void* to, const void* from, std::size_t size, axclrtMemcpyKind kind);
AXCL_EXPORT axclError axclrtMemset(void* pointer, std::uint8_t value, std::size_t size);
AXCL_EXPORT axclError axclrtMemcmp(const void* a, const void* b, std::size_t size);
AXCL_EXPORT axclError axclrtMemFlush(void* pointer, std::size_t size);
AXCL_EXPORT axclError axclrtMemInvalidate(void* pointer, std::size_t size);
AXCL_EXPORT axclError axclrtMemcpyAsync(void* to, const void* from, std::size_t size, axclrtMemcpyKind kind,
                                        axclrtStream stream);
AXCL_EXPORT axclError axclrtMemsetAsync(void* pointer, std::uint8_t value, std::size_t size,
                                        axclrtStream stream);
AXCL_EXPORT axclError axclrtMemcmpAsync(const void* a, const void* b, std::size_t size, axclrtStream stream);

// Engine
AXCL_EXPORT axclError axclrtEngineInit(axclrtEngineVNpuKind kind);
AXCL_EXPORT axclError axclrtEngineFinalize();
AXCL_EXPORT axclError axclrtEngineGetVNpuKind(axclrtEngineVNpuKind* kind);
AXCL_EXPORT axclError axclrtEngineLoadFromFile(const char* path, std::uint64_t* model);
AXCL_EXPORT axclError axclrtEngineLoadFromMem(const void* image, std::uint64_t size, std::uint64_t* model);
AXCL_EXPORT axclError axclrtEngineUnload(std::uint64_t model);
AXCL_EXPORT axclError axclrtEngineCreateContext(std::uint64_t model, std::uint64_t* context);
AXCL_EXPORT const char* axclrtEngineGetModelCompilerVersion(std::uint64_t model);
AXCL_EXPORT axclError axclrtEngineSetAffinity(std::uint64_t model, axclrtEngineSet mask);
AXCL_EXPORT axclError axclrtEngineGetAffinity(std::uint64_t model, axclrtEngineSet* mask);
AXCL_EXPORT axclError axclrtEngineSetContextAffinity(std::uint64_t model, std::uint64_t context,
                                                     axclrtEngineSet mask);
AXCL_EXPORT axclError axclrtEngineGetContextAffinity(std::uint64_t model, std::uint64_t context,
                                                     axclrtEngineSet* mask);
AXCL_EXPORT axclError axclrtEngineGetUsage(const char* path, std::int64_t* system, std::int64_t* cmm);
AXCL_EXPORT axclError axclrtEngineGetUsageFromMem(const void* image, std::uint64_t size, std::int64_t* system,
                                                  std::int64_t* cmm);
AXCL_EXPORT axclError axclrtEngineGetUsageFromModelId(std::uint64_t model, std::int64_t* system,
                                                      std::int64_t* cmm);
AXCL_EXPORT axclError axclrtEngineGetModelType(const char* path, axclrtEngineModelKind* kind);
AXCL_EXPORT axclError axclrtEngineGetModelTypeFromMem(const void* image, std::uint64_t size,
                                                      axclrtEngineModelKind* kind);
AXCL_EXPORT axclError axclrtEngineGetModelTypeFromModelId(std::uint64_t model, axclrtEngineModelKind* kind);

AXCL_EXPORT axclError axclrtEngineGetIOInfo(std::uint64_t model, axclrtEngineIOInfo* info);
AXCL_EXPORT axclError axclrtEngineDestroyIOInfo(axclrtEngineIOInfo info);
AXCL_EXPORT axclError axclrtEngineGetShapeGroupsCount(axclrtEngineIOInfo info, std::int32_t* count);
AXCL_EXPORT std::uint32_t axclrtEngineGetNumInputs(axclrtEngineIOInfo info);
AXCL_EXPORT std::uint32_t axclrtEngineGetNumOutputs(axclrtEngineIOInfo info);
AXCL_EXPORT std::uint64_t axclrtEngineGetInputSizeByIndex(axclrtEngineIOInfo info, std::uint32_t group,
                                                          std::uint32_t index);
AXCL_EXPORT std::uint64_t axclrtEngineGetOutputSizeByIndex(axclrtEngineIOInfo info, std::uint32_t group,
                                                           std::uint32_t index);
AXCL_EXPORT const char* axclrtEngineGetInputNameByIndex(axclrtEngineIOInfo info, std::uint32_t index);
AXCL_EXPORT const char* axclrtEngineGetOutputNameByIndex(axclrtEngineIOInfo info, std::uint32_t index);
AXCL_EXPORT std::int32_t axclrtEngineGetInputIndexByName(axclrtEngineIOInfo info, const char* name);
AXCL_EXPORT std::int32_t axclrtEngineGetOutputIndexByName(axclrtEngineIOInfo info, const char* name);
AXCL_EXPORT axclError axclrtEngineGetInputDims(axclrtEngineIOInfo info, std::uint32_t group,
                                               std::uint32_t index, axclrtEngineIODims* dims);
AXCL_EXPORT axclError axclrtEngineGetOutputDims(axclrtEngineIOInfo info, std::uint32_t group,
                                                std::uint32_t index, axclrtEngineIODims* dims);
AXCL_EXPORT axclError axclrtEngineGetInputDataType(axclrtEngineIOInfo info, std::uint32_t index,
                                                   axclrtEngineDataType* type);
AXCL_EXPORT axclError axclrtEngineGetOutputDataType(axclrtEngineIOInfo info, std::uint32_t index,
                                                    axclrtEngineDataType* type);
AXCL_EXPORT axclError axclrtEngineGetInputDataLayout(axclrtEngineIOInfo info, std::uint32_t index,
                                                     axclrtEngineDataLayout* layout);
AXCL_EXPORT axclError axclrtEngineGetOutputDataLayout(axclrtEngineIOInfo info, std::uint32_t index,
                                                      axclrtEngineDataLayout* layout);

AXCL_EXPORT axclError axclrtEngineCreateIO(axclrtEngineIOInfo info, axclrtEngineIO* io);
AXCL_EXPORT axclError axclrtEngineDestroyIO(axclrtEngineIO io);
AXCL_EXPORT axclError axclrtEngineSetInputBufferByIndex(axclrtEngineIO io, std::uint32_t index,
                                                        const void* buffer, std::uint64_t size);
AXCL_EXPORT axclError axclrtEngineSetOutputBufferByIndex(axclrtEngineIO io, std::uint32_t index,
                                                         const void* buffer, std::uint64_t size);
AXCL_EXPORT axclError axclrtEngineSetInputBufferByName(axclrtEngineIO io, const char* name,
                                                       const void* buffer, std::uint64_t size);
AXCL_EXPORT axclError axclrtEngineSetOutputBufferByName(axclrtEngineIO io, const char* name,
                                                        const void* buffer, std::uint64_t size);
AXCL_EXPORT axclError axclrtEngineGetInputBufferByIndex(axclrtEngineIO io, std::uint32_t index, void** buffer,
                                                        std::uint64_t* size);
AXCL_EXPORT axclError axclrtEngineGetOutputBufferByIndex(axclrtEngineIO io, std::uint32_t index,
                                                         void** buffer, std::uint64_t* size);
AXCL_EXPORT axclError axclrtEngineGetInputBufferByName(axclrtEngineIO io, const char* name, void** buffer,
                                                       std::uint64_t* size);
AXCL_EXPORT axclError axclrtEngineGetOutputBufferByName(axclrtEngineIO io, const char* name, void** buffer,
                                                        std::uint64_t* size);
AXCL_EXPORT axclError axclrtEngineSetDynamicBatchSize(axclrtEngineIO io, std::uint32_t batch);
AXCL_EXPORT axclError axclrtEngineExecute(std::uint64_t model, std::uint64_t context, std::uint32_t group,
                                          axclrtEngineIO io);
AXCL_EXPORT axclError axclrtEngineExecuteAsync(std::uint64_t model, std::uint64_t context,
                                               std::uint32_t group, axclrtEngineIO io, axclrtStream stream);

// Exported for completeness; a software card has no card-side file system, programs or peers, and says so by
// code.
AXCL_EXPORT axclError axclrtTransferFile(const char* from, const char* to, axclrtTransferPolicy policy);
AXCL_EXPORT axclError axclrtExecWorker();
AXCL_EXPORT axclError axclrtKillWorker();
AXCL_EXPORT axclError axclrtWorkerSend();
AXCL_EXPORT axclError axclrtWorkerRecv();
AXCL_EXPORT axclError axclrtControlChangePCIeSubId();
AXCL_EXPORT axclError axclrtCreateP2PUnit();
AXCL_EXPORT axclError axclrtDestoryP2PUnit();
