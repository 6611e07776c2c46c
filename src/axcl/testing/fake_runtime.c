/* A recording AXCL runtime for the binding's tests, written in plain C from the documented ABI alone (no
   header of ours). It answers like a library with one card, id 129, keeps a trace of its calls, and fails
   where it is told to. Variants: FAKE_MINIMAL lacks every optional symbol, FAKE_OMIT_MALLOC lacks
   axclrtMalloc, FAKE_CHAIN needs the vendor's dependency chain, FAKE_SOFTWARE_CARD exports the software
   card's counters. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define ARENA_SIZE (1U << 20)
#define ARENA_ADDRESS 0x140000000ULL
#define DEVICE_ID 129

typedef struct {
  uint32_t num;
  int32_t devices[256];
} axclrtDeviceList;
typedef struct {
  int32_t dimCount;
  int32_t dims[32];
} axclrtEngineIODims;
typedef struct {
  const void* input[3];
  uint64_t input_size[3];
  void* output[2];
  uint64_t output_size[2];
} FakeIo;

static unsigned char arena[ARENA_SIZE];
static size_t arena_used;
static char trace[1 << 16];
static struct {
  const char* symbol;
  int32_t code;
} failure;
static int64_t list_after_calls; /* device list stays empty for so many calls */
static int32_t device_count = 1;
static uint64_t input_size_override;
static char init_config[4096];
static int context_bound;
static int context_object;

EXPORT void fake_reset(void) {
  arena_used = 0;
  trace[0] = '\0';
  failure.symbol = NULL;
  list_after_calls = 0;
  device_count = 1;
  input_size_override = 0;
  context_bound = 0;
}
EXPORT const char* fake_trace(void) {
  return trace;
}
EXPORT void fake_clear_trace(void) {
  trace[0] = '\0';
}
EXPORT const char* fake_init_config(void) {
  return init_config;
}
EXPORT void fake_fail(const char* symbol, int32_t code) {
  failure.symbol = symbol;
  failure.code = code;
}
EXPORT void fake_list_after(int64_t calls) {
  list_after_calls = calls;
}
EXPORT void fake_set_device_count(int32_t count) {
  device_count = count;
}
EXPORT void fake_set_input_size(uint64_t size) {
  input_size_override = size;
}

static int32_t call(const char* symbol, const char* note) {
  if (strlen(trace) + strlen(symbol) + strlen(note) + 3 < sizeof trace) {
    strcat(strcat(strcat(strcat(trace, symbol), *note ? " " : ""), note), "\n");
  }
  return failure.symbol != NULL && strcmp(failure.symbol, symbol) == 0 ? failure.code : 0;
}
static unsigned char* host_view(const void* device) {
  uint64_t address = (uint64_t)(uintptr_t)device;
  return address >= ARENA_ADDRESS && address < ARENA_ADDRESS + ARENA_SIZE ? arena + (address - ARENA_ADDRESS)
                                                                          : NULL;
}

EXPORT int32_t axclInit(const char* config) {
  int32_t code = call("axclInit", "");
  FILE* file = config == NULL ? NULL : fopen(config, "r");
  init_config[0] = '\0';
  if (file != NULL) {
    init_config[fread(init_config, 1, sizeof init_config - 1, file)] = '\0';
    fclose(file);
  }
  return code;
}
EXPORT int32_t axclFinalize(void) {
  return call("axclFinalize", "");
}
EXPORT int32_t axclrtGetVersion(int32_t* major, int32_t* minor, int32_t* patch) {
  *major = 2;
  *minor = 26;
  *patch = 1;
  return call("axclrtGetVersion", "");
}
EXPORT const char* axclrtGetSocName(void) {
  return "AX650N";
}
EXPORT int32_t axclrtGetDeviceList(axclrtDeviceList* list) {
  int32_t code = call("axclrtGetDeviceList", "");
  list->num = list_after_calls-- > 0 ? 0 : (uint32_t)device_count;
  list->devices[0] = DEVICE_ID;
  return code;
}
EXPORT int32_t axclrtSetDevice(int32_t id) {
  char note[16];
  snprintf(note, sizeof note, "%d", (int)id);
  return call("axclrtSetDevice", note);
}
EXPORT int32_t axclrtResetDevice(int32_t id) {
  context_bound = 0;
  return call("axclrtResetDevice", id == DEVICE_ID ? "" : "wrong id");
}
EXPORT int32_t axclrtCreateContext(void** context, int32_t id) {
  *context = &context_object;
  context_bound = 1;
  return call("axclrtCreateContext", id == DEVICE_ID ? "" : "wrong id");
}
EXPORT int32_t axclrtDestroyContext(void* context) {
  return call("axclrtDestroyContext", context == &context_object ? "" : "wrong context");
}
EXPORT int32_t axclrtSetCurrentContext(void* context) {
  return call("axclrtSetCurrentContext", context == &context_object ? "" : "wrong context");
}
EXPORT int32_t axclrtGetCurrentContext(void** context) {
  int32_t code = call("axclrtGetCurrentContext", "");
  if (code != 0) return code;
  if (!context_bound) return (int32_t)0x80300284;
  *context = &context_object;
  return 0;
}
#ifndef FAKE_OMIT_MALLOC
EXPORT int32_t axclrtMalloc(void** memory, size_t size, int32_t policy) {
  int32_t code = call("axclrtMalloc", policy == 0 ? "" : "wrong policy");
  if (code != 0) return code;
  if (arena_used + size > ARENA_SIZE) return (int32_t)0x80300507;
  *memory = (void*)(uintptr_t)(ARENA_ADDRESS + arena_used);
  arena_used += (size + 63) / 64 * 64;
  return 0;
}
#endif
EXPORT int32_t axclrtFree(void* memory) {
  return call("axclrtFree", host_view(memory) ? "" : "wrong address");
}
EXPORT int32_t axclrtMallocHost(void** memory, size_t size) {
  *memory = malloc(size);
  return call("axclrtMallocHost", "");
}
EXPORT int32_t axclrtFreeHost(void* memory) {
  free(memory);
  return call("axclrtFreeHost", "");
}
EXPORT int32_t axclrtMemcpy(void* dst, const void* src, size_t size, int32_t kind) {
  const char* names[] = {"H2H", "H2D", "D2H", "D2D"};
  char note[64];
  snprintf(note, sizeof note, "%s %zu", names[kind & 3], size);
  int32_t code = call("axclrtMemcpy", note);
  if (code != 0) return code;
  unsigned char* to = kind == 1 || kind == 3 ? host_view(dst) : dst;
  const unsigned char* from = kind == 2 || kind == 3 ? host_view(src) : src;
  if (to == NULL || from == NULL) return (int32_t)0x80300581;
  memmove(to, from, size);
  return 0;
}
EXPORT int32_t axclrtMemset(void* memory, uint8_t value, size_t size) {
  int32_t code = call("axclrtMemset", "");
  if (code == 0) memset(host_view(memory), value, size);
  return code;
}

EXPORT int32_t axclrtEngineInit(int32_t kind) {
  return call("axclrtEngineInit", kind == 0 ? "" : "wrong kind");
}
EXPORT int32_t axclrtEngineFinalize(void) {
  return call("axclrtEngineFinalize", "");
}
EXPORT int32_t axclrtEngineGetVNpuKind(int32_t* kind) {
  *kind = 0;
  return call("axclrtEngineGetVNpuKind", "");
}
EXPORT int32_t axclrtEngineLoadFromFile(const char* path, uint64_t* id) {
  const char* slash = strrchr(path, '/');
  *id = 7;
  return call("axclrtEngineLoadFromFile", slash ? slash + 1 : path);
}
EXPORT int32_t axclrtEngineUnload(uint64_t id) {
  return call("axclrtEngineUnload", id == 7 ? "" : "wrong id");
}
EXPORT int32_t axclrtEngineCreateContext(uint64_t id, uint64_t* context) {
  *context = 8;
  return call("axclrtEngineCreateContext", id == 7 ? "" : "wrong id");
}
EXPORT const char* axclrtEngineGetModelCompilerVersion(uint64_t id) {
  return id == 7 ? "fake 1.0" : NULL;
}

/* One layer-like model: decode group 0 and a group 1 of 4 rows over 8 slots; a row is 4 bytes. */
static const char* const input_names[] = {"K_cache", "indices", "input"};
static const char* const output_names[] = {"K_cache_out", "output"};
static const uint64_t input_sizes[2][3] = {{64, 4, 4}, {32, 16, 16}};
static const uint64_t output_sizes[2][2] = {{4, 4}, {16, 16}};
static int model_info;

EXPORT int32_t axclrtEngineGetIOInfo(uint64_t id, void** info) {
  *info = &model_info;
  return call("axclrtEngineGetIOInfo", id == 7 ? "" : "wrong id");
}
EXPORT int32_t axclrtEngineDestroyIOInfo(void* info) {
  return call("axclrtEngineDestroyIOInfo", info == &model_info ? "" : "wrong info");
}
EXPORT int32_t axclrtEngineGetShapeGroupsCount(void* info, int32_t* count) {
  (void)info;
  int32_t code = call("axclrtEngineGetShapeGroupsCount", "");
  *count = 2;
  return code;
}
EXPORT uint32_t axclrtEngineGetNumInputs(void* info) {
  (void)info;
  int32_t code = call("axclrtEngineGetNumInputs", "");
  return code != 0 ? (uint32_t)code : 3;
}
EXPORT uint32_t axclrtEngineGetNumOutputs(void* info) {
  (void)info;
  return 2;
}
EXPORT uint64_t axclrtEngineGetInputSizeByIndex(void* info, uint32_t group, uint32_t index) {
  (void)info;
  return input_size_override != 0 ? input_size_override : input_sizes[group][index];
}
EXPORT uint64_t axclrtEngineGetOutputSizeByIndex(void* info, uint32_t group, uint32_t index) {
  (void)info;
  return output_sizes[group][index];
}
EXPORT const char* axclrtEngineGetInputNameByIndex(void* info, uint32_t index) {
  (void)info;
  return input_names[index];
}
EXPORT const char* axclrtEngineGetOutputNameByIndex(void* info, uint32_t index) {
  (void)info;
  return output_names[index];
}
EXPORT int32_t axclrtEngineGetInputDims(void* info, uint32_t group, uint32_t index,
                                        axclrtEngineIODims* dims) {
  (void)info;
  dims->dimCount = 2;
  dims->dims[0] = 1;
  dims->dims[1] = (int32_t)input_sizes[group][index] / (index == 1 ? 4 : 2);
  return 0;
}
EXPORT int32_t axclrtEngineGetOutputDims(void* info, uint32_t group, uint32_t index,
                                         axclrtEngineIODims* dims) {
  (void)info;
  dims->dimCount = 2;
  dims->dims[0] = 1;
  dims->dims[1] = (int32_t)output_sizes[group][index] / 2;
  return 0;
}
EXPORT int32_t axclrtEngineCreateIO(void* info, void** io) {
  *io = calloc(1, sizeof(FakeIo));
  return call("axclrtEngineCreateIO", info == &model_info ? "" : "wrong info");
}
EXPORT int32_t axclrtEngineDestroyIO(void* io) {
  free(io);
  return call("axclrtEngineDestroyIO", "");
}
EXPORT int32_t axclrtEngineSetInputBufferByIndex(void* io, uint32_t index, const void* buffer,
                                                 uint64_t size) {
  ((FakeIo*)io)->input[index] = buffer;
  ((FakeIo*)io)->input_size[index] = size;
  return call("axclrtEngineSetInputBufferByIndex", input_names[index]);
}
EXPORT int32_t axclrtEngineSetOutputBufferByIndex(void* io, uint32_t index, void* buffer, uint64_t size) {
  ((FakeIo*)io)->output[index] = buffer;
  ((FakeIo*)io)->output_size[index] = size;
  return call("axclrtEngineSetOutputBufferByIndex", output_names[index]);
}
/* output = input + 1, byte by byte; K_cache_out = input. */
EXPORT int32_t axclrtEngineExecute(uint64_t id, uint64_t context, uint32_t group, void* io) {
  FakeIo* bound = io;
  char note[32];
  snprintf(note, sizeof note, "group %u%s", group, id == 7 && context == 8 ? "" : " wrong id");
  int32_t code = call("axclrtEngineExecute", note);
  if (code != 0) return code;
  const unsigned char* in = host_view(bound->input[2]);
  for (uint64_t i = 0; i < bound->output_size[1]; ++i)
    host_view(bound->output[1])[i] = (unsigned char)(in[i] + 1);
  memmove(host_view(bound->output[0]), in, bound->output_size[0]);
  return 0;
}

#ifndef FAKE_MINIMAL
typedef struct {
  char swVersion[64];
  uint64_t uid;
  uint32_t pciDomain, pciBusID, pciDeviceID;
  int32_t temperature;
  uint32_t totalMemSize, freeMemSize, totalCmmSize, freeCmmSize, cpuLoading, npuLoading;
  uint32_t reserved[32];
} axclrtDeviceProperties;

EXPORT int32_t axclSetLogLevel(int32_t level) {
  return call("axclSetLogLevel", level == 6 ? "6" : "other");
}
EXPORT const char* axclrtGetFullVersion(void) {
  return "V3.10.2_20251215140224";
}
EXPORT int32_t axclrtGetDeviceProperties(int32_t id, axclrtDeviceProperties* properties) {
  memset(properties, 0, sizeof *properties);
  memset(properties->swVersion, 'v',
         sizeof properties->swVersion); /* not terminated: must not be read beyond */
  properties->pciBusID = (uint32_t)id;
  properties->temperature = 49263;
  properties->totalMemSize = 1024;
  properties->freeMemSize = 512;
  properties->totalCmmSize = 7208960;
  properties->freeCmmSize = 7190528;
  properties->cpuLoading = 1234;
  properties->npuLoading = 5678;
  return call("axclrtGetDeviceProperties", "");
}
EXPORT int32_t axclrtEngineGetInputDataType(void* info, uint32_t index, int32_t* type) {
  (void)info;
  *type = index == 1 ? 8 : 15; /* uint32; fp32, which no name would suggest */
  return 0;
}
EXPORT int32_t axclrtEngineGetOutputDataType(void* info, uint32_t index, int32_t* type) {
  (void)info;
  (void)index;
  *type = 14;
  return 0;
}
#endif

#ifdef FAKE_SOFTWARE_CARD
EXPORT int32_t axllamaSoftcardCounters(char* json, uint64_t capacity, uint64_t* needed) {
  static const char long_text[] = "{\"calls\":{\"padding\":\"";
  *needed = 6000;
  if (capacity < *needed) return 7;
  memset(json, 'x', 5998);
  memcpy(json, long_text, sizeof long_text - 1);
  memcpy(json + 5995, "\"}}", 4);
  return 0;
}
#endif

#ifdef FAKE_CHAIN
extern int axcl_pkg_present(void);
EXPORT int fake_chain_length(void) {
  return axcl_pkg_present();
}
#endif
