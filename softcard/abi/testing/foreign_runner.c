/* A runner in the manner of the vendor's: it knows the card's interface from its documentation alone, loads
 * its models with LoadFromMem, binds the largest size over all shape groups, and never resets the device,
 * finalizes the engine or destroys an IO info. Decodes greedily and prints one token id per line.
 *
 * usage: foreign_runner LIBRARY EMBEDDINGS HIDDEN KV VOCAB SLOTS STEPS FIRST_TOKEN HEAD LAYER...
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LAYERS 64
#define MAX_TENSORS 8

static void* library;

static void* need(const char* name) {
  void* address = dlsym(library, name);
  if (address == NULL) {
    fprintf(stderr, "%s is missing\n", name);
    exit(2);
  }
  return address;
}

static void check(int32_t code, const char* what) {
  if (code != 0) {
    fprintf(stderr, "%s: 0x%08x\n", what, (unsigned)code);
    exit(3);
  }
}

struct device_list {
  uint32_t count;
  int32_t ids[256];
};

static int32_t (*card_malloc)(void**, size_t, int32_t);
static int32_t (*card_free)(void*);
static int32_t (*card_memcpy)(void*, const void*, size_t, int32_t);
static int32_t (*card_memset)(void*, uint8_t, size_t);
static int32_t (*load_from_memory)(const void*, uint64_t, uint64_t*);
static int32_t (*create_engine_context)(uint64_t, uint64_t*);
static int32_t (*get_io_info)(uint64_t, void**);
static int32_t (*get_groups)(void*, int32_t*);
static uint32_t (*get_inputs)(void*);
static uint32_t (*get_outputs)(void*);
static uint64_t (*get_input_size)(void*, uint32_t, uint32_t);
static uint64_t (*get_output_size)(void*, uint32_t, uint32_t);
static const char* (*get_input_name)(void*, uint32_t);
static const char* (*get_output_name)(void*, uint32_t);
static int32_t (*create_io)(void*, void**);
static int32_t (*set_input)(void*, uint32_t, const void*, uint64_t);
static int32_t (*set_output)(void*, uint32_t, const void*, uint64_t);
static int32_t (*execute)(uint64_t, uint64_t, uint32_t, void*);

struct model {
  uint64_t id, context;
  void* io;
  uint32_t inputs, outputs;
  void* input[MAX_TENSORS];
  void* output[MAX_TENSORS];
  uint64_t input_size[MAX_TENSORS];
  uint64_t output_size[MAX_TENSORS];
  char input_name[MAX_TENSORS][32];
  char output_name[MAX_TENSORS][32];
};

static void* new_buffer(uint64_t size) {
  void* address = NULL;
  check(card_malloc(&address, size, 0), "malloc");
  check(card_memset(address, 0, size), "memset");
  return address;
}

static void load(struct model* m, const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) {
    fprintf(stderr, "%s cannot be read\n", path);
    exit(4);
  }
  fseek(file, 0, SEEK_END);
  const long length = ftell(file);
  rewind(file);
  const size_t size = length > 0 ? (size_t)length : 0;
  char* image = malloc(size + 1);
  if (image == NULL || fread(image, 1, size, file) != size) {
    exit(4);
  }
  fclose(file);
  void* staged = NULL;
  check(card_malloc(&staged, size, 0), "malloc");
  check(card_memcpy(staged, image, size, 1), "upload");
  free(image);
  check(load_from_memory(staged, size, &m->id), "load");
  check(card_free(staged), "free");
  check(create_engine_context(m->id, &m->context), "engine context");
  void* info = NULL;
  check(get_io_info(m->id, &info), "io info");
  int32_t groups = 0;
  check(get_groups(info, &groups), "groups");
  check(create_io(info, &m->io), "io");
  m->inputs = get_inputs(info);
  m->outputs = get_outputs(info);
  for (uint32_t i = 0; i < m->inputs; ++i) {
    snprintf(m->input_name[i], sizeof(m->input_name[i]), "%s", get_input_name(info, i));
    for (int32_t g = 0; g < groups; ++g) {
      const uint64_t bytes = get_input_size(info, (uint32_t)g, i);
      m->input_size[i] = bytes > m->input_size[i] ? bytes : m->input_size[i];
    }
    m->input[i] = new_buffer(m->input_size[i]);
    check(set_input(m->io, i, m->input[i], m->input_size[i]), "set input");
  }
  for (uint32_t i = 0; i < m->outputs; ++i) {
    snprintf(m->output_name[i], sizeof(m->output_name[i]), "%s", get_output_name(info, i));
    for (int32_t g = 0; g < groups; ++g) {
      const uint64_t bytes = get_output_size(info, (uint32_t)g, i);
      m->output_size[i] = bytes > m->output_size[i] ? bytes : m->output_size[i];
    }
    m->output[i] = new_buffer(m->output_size[i]);
    check(set_output(m->io, i, m->output[i], m->output_size[i]), "set output");
  }
}

static void* input_of(const struct model* m, const char* name) {
  for (uint32_t i = 0; i < m->inputs; ++i) {
    if (strcmp(m->input_name[i], name) == 0) {
      return m->input[i];
    }
  }
  exit(5);
}

static void* output_of(const struct model* m, const char* name) {
  for (uint32_t i = 0; i < m->outputs; ++i) {
    if (strcmp(m->output_name[i], name) == 0) {
      return m->output[i];
    }
  }
  exit(5);
}

static float bf16(uint16_t bits) {
  const uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, sizeof(value));
  return value;
}

int main(int argc, char** argv) {
  static struct model layers[MAX_LAYERS];
  static struct model head;
  if (argc < 11 || argc - 10 > MAX_LAYERS) {
    return 1;
  }
  library = dlopen(argv[1], RTLD_NOW);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 2;
  }
  const size_t hidden = strtoul(argv[3], NULL, 10);
  const size_t row = strtoul(argv[4], NULL, 10) * 2;
  const size_t vocab = strtoul(argv[5], NULL, 10);
  const size_t slots = strtoul(argv[6], NULL, 10);
  const size_t steps = strtoul(argv[7], NULL, 10);
  size_t token = strtoul(argv[8], NULL, 10);
  const int layer_count = argc - 10;

  /* dlsym gives object pointers; the interface is functions. */
  *(void**)&card_malloc = need("axclrtMalloc");
  *(void**)&card_free = need("axclrtFree");
  *(void**)&card_memcpy = need("axclrtMemcpy");
  *(void**)&card_memset = need("axclrtMemset");
  *(void**)&load_from_memory = need("axclrtEngineLoadFromMem");
  *(void**)&create_engine_context = need("axclrtEngineCreateContext");
  *(void**)&get_io_info = need("axclrtEngineGetIOInfo");
  *(void**)&get_groups = need("axclrtEngineGetShapeGroupsCount");
  *(void**)&get_inputs = need("axclrtEngineGetNumInputs");
  *(void**)&get_outputs = need("axclrtEngineGetNumOutputs");
  *(void**)&get_input_size = need("axclrtEngineGetInputSizeByIndex");
  *(void**)&get_output_size = need("axclrtEngineGetOutputSizeByIndex");
  *(void**)&get_input_name = need("axclrtEngineGetInputNameByIndex");
  *(void**)&get_output_name = need("axclrtEngineGetOutputNameByIndex");
  *(void**)&create_io = need("axclrtEngineCreateIO");
  *(void**)&set_input = need("axclrtEngineSetInputBufferByIndex");
  *(void**)&set_output = need("axclrtEngineSetOutputBufferByIndex");
  *(void**)&execute = need("axclrtEngineExecute");
  int32_t (*init)(const char*);
  int32_t (*finalize)(void);
  int32_t (*get_device_list)(struct device_list*);
  int32_t (*set_device)(int32_t);
  int32_t (*engine_init)(int32_t);
  *(void**)&init = need("axclInit");
  *(void**)&finalize = need("axclFinalize");
  *(void**)&get_device_list = need("axclrtGetDeviceList");
  *(void**)&set_device = need("axclrtSetDevice");
  *(void**)&engine_init = need("axclrtEngineInit");

  check(init("/usr/local/axcl/axcl.json"), "init");
  struct device_list list;
  check(get_device_list(&list), "device list");
  if (list.count == 0) {
    return 6;
  }
  check(set_device(list.ids[0]), "set device");
  check(engine_init(0), "engine init");
  for (int l = 0; l < layer_count; ++l) {
    load(&layers[l], argv[10 + l]);
  }
  load(&head, argv[9]);

  uint16_t* embeddings = malloc(hidden * vocab * 2);
  FILE* file = fopen(argv[2], "rb");
  if (embeddings == NULL || file == NULL || fread(embeddings, 2, hidden * vocab, file) != hidden * vocab) {
    return 4;
  }
  fclose(file);
  uint16_t* mask = malloc((slots + 1) * 2);
  uint16_t* state = malloc(hidden * 2);
  uint16_t* logits = malloc(vocab * 2);
  if (mask == NULL || state == NULL || logits == NULL) {
    return 7;
  }
  for (size_t i = 0; i < slots; ++i) {
    mask[i] = 0xC780;
  }
  mask[slots] = 0;
  for (size_t step = 0; step < steps; ++step) {
    const uint32_t position = (uint32_t)step;
    memcpy(state, embeddings + token * hidden, hidden * 2);
    for (int l = 0; l < layer_count; ++l) {
      struct model* m = &layers[l];
      check(card_memcpy(input_of(m, "input"), state, hidden * 2, 1), "input");
      check(card_memcpy(input_of(m, "indices"), &position, sizeof(position), 1), "indices");
      check(card_memcpy(input_of(m, "mask"), mask, (slots + 1) * 2, 1), "mask");
      check(execute(m->id, m->context, 0, m->io), "execute");
      char* k_slot = (char*)input_of(m, "K_cache") + step * row;
      char* v_slot = (char*)input_of(m, "V_cache") + step * row;
      check(card_memcpy(k_slot, output_of(m, "K_cache_out"), row, 3), "K row");
      check(card_memcpy(v_slot, output_of(m, "V_cache_out"), row, 3), "V row");
      check(card_memcpy(state, output_of(m, "output"), hidden * 2, 2), "output");
    }
    mask[step] = 0;
    check(card_memcpy(input_of(&head, "input"), state, hidden * 2, 1), "head input");
    check(execute(head.id, head.context, 0, head.io), "head");
    check(card_memcpy(logits, output_of(&head, "output"), vocab * 2, 2), "logits");
    token = 0;
    for (size_t v = 1; v < vocab; ++v) {
      if (bf16(logits[v]) > bf16(logits[token])) {
        token = v;
      }
    }
    printf("%zu\n", token);
  }
  check(finalize(), "finalize");
  free(embeddings);
  free(mask);
  free(state);
  free(logits);
  return 0;
}
