#include <cstring>
#include <mutex>
#include <set>
#include <string>

#include "base/error.h"
#include "base/mapped_file.h"
#include "softcard/abi/axcl_abi.h"
#include "softcard/abi/entry.h"
#include "softcard/card/execution.h"
#include "softcard/card/submit.h"
#include "softcard/card/transfer.h"

namespace softcard = axllama::softcard;
using softcard::CardError;
using softcard::guarded;
using softcard::RemoteCall;
using softcard::require;
using softcard::runtime;
namespace code = axllama::softcard::code;

namespace {

constexpr std::int32_t kThreeCores = 2;
constexpr std::uint32_t kAllCores = 0x7;
constexpr std::int32_t kLastVnpuKind = 3;

/// A string that stays valid for the rest of the process, as callers keep the pointer.
const char* keep_for_ever(const std::string& text) {
  static std::mutex mutex;
  static auto* const texts = new std::set<std::string>();
  const std::scoped_lock lock(mutex);
  return texts->insert(text).first->c_str();
}

std::shared_ptr<softcard::Model> find_model(std::uint64_t id) {
  return runtime().models().find(id, runtime().current()->device());
}

/// Loads an image only to look at it.
std::unique_ptr<softcard::Program> inspect(std::span<const std::byte> image, const std::string& name,
                                           std::int32_t error) {
  try {
    return runtime().services().load_program(image, name);
  } catch (const softcard::ProgramError& problem) {
    throw CardError(error, problem.what());
  }
}

std::unique_ptr<softcard::Program> inspect_file(const char* path, std::int32_t error) {
  require(path, code::kEngineNull, "The path");
  try {
    const axllama::base::MappedFile file(path);
    return inspect(file.bytes(), path, error);
  } catch (const axllama::base::Error& problem) {
    throw CardError(error, problem.message());
  }
}

std::unique_ptr<softcard::Program> inspect_memory(const void* image, std::uint64_t size) {
  if (image == nullptr || size == 0) {
    throw CardError(code::kEngineIllegal, "The model image is empty.");
  }
  const auto context = runtime().current();
  const auto range = softcard::resolve_range(context->device(), image, size, "The model image");
  return inspect({range.at.data(), range.size}, "image in card memory", code::kEngineIllegal);
}

void answer_usage(std::uint64_t weight_bytes, std::int64_t* system, std::int64_t* cmm) {
  require(system, code::kEngineNull, "The place for the system memory");
  require(cmm, code::kEngineNull, "The place for the card memory");
  *system = 0;
  *cmm = static_cast<std::int64_t>(weight_bytes);
}

void answer_type(axclrtEngineModelKind* kind) {
  require(kind, code::kEngineNull, "The place for the model type");
  *kind = static_cast<axclrtEngineModelKind>(kThreeCores);
}

/// Checks in the order of the vendor's library: arguments, context, objects.
softcard::Execution prepare(std::uint64_t model, std::uint64_t context, std::uint32_t group,
                            axclrtEngineIO io) {
  const auto object = runtime().objects().find(io);
  if (model == 0 || context == 0 || !object) {
    throw CardError(code::kEngineIllegal,
                    "The model id or context id is 0, or the handle is not one of an IO object.");
  }
  auto loaded = find_model(model);
  if (!loaded->has_context(context)) {
    throw CardError(code::kEngineIllegal, loaded->shape()->name + " has no engine context with the id " +
                                              std::to_string(context) + ".");
  }
  return {std::move(loaded), group, object};
}

}  // namespace

axclError axclrtEngineInit(axclrtEngineVNpuKind kind) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto context = runtime().current();
    const auto number = static_cast<std::int32_t>(kind);
    if (number < 0 || number > kLastVnpuKind) {
      throw CardError(code::kEngineIllegal, "There is no virtual NPU kind " + std::to_string(number) + ".");
    }
    const RemoteCall call(context->device());
    context->device().engine_init(number);
  });
}

axclError axclrtEngineFinalize() {
  SOFTCARD_COUNT_CALL();
  return guarded([] {
    const auto context = runtime().current();
    const RemoteCall call(context->device());
    runtime().models().unload_all(context->device());
    context->device().engine_finalize();
  });
}

axclError axclrtEngineGetVNpuKind(axclrtEngineVNpuKind* kind) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto context = runtime().current();
    require(kind, code::kEngineNull, "The place for the kind");
    *kind = static_cast<axclrtEngineVNpuKind>(context->device().engine_kind());
  });
}

axclError axclrtEngineLoadFromFile(const char* path, std::uint64_t* model) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(path, code::kEngineNull, "The path");
    require(model, code::kEngineNull, "The place for the model id");
    softcard::require_readable_model(path);
    const auto context = runtime().current();
    *model = runtime().models().load_file(context->shared_device(), path);
    runtime().services().chatter.say(softcard::Chatter::kInfo, std::string("engine: loaded ") + path);
  });
}

axclError axclrtEngineLoadFromMem(const void* image, std::uint64_t size, std::uint64_t* model) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    if (image == nullptr || size == 0 || model == nullptr) {
      throw CardError(code::kEngineIllegal,
                      "The model image is empty, or there is no place for the model id.");
    }
    const auto context = runtime().current();
    *model = runtime().models().load_memory(context->shared_device(), image, size);
  });
}

axclError axclrtEngineUnload(std::uint64_t model) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto context = runtime().current();
    const RemoteCall call(context->device());
    runtime().models().unload(model, context->device());
  });
}

axclError axclrtEngineCreateContext(std::uint64_t model, std::uint64_t* context) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto current = runtime().current();
    require(context, code::kEngineNull, "The place for the engine context");
    const RemoteCall call(current->device());
    *context = runtime().models().create_context(model, current->device());
  });
}

const char* axclrtEngineGetModelCompilerVersion(std::uint64_t model) {
  SOFTCARD_COUNT_CALL();
  const char* version = nullptr;
  guarded([&] {
    if (const auto found = runtime().models().find(model)) {
      version = keep_for_ever(found->shape()->compiler);
    }
  });
  return version;
}

axclError axclrtEngineSetAffinity(std::uint64_t model, axclrtEngineSet mask) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto found = find_model(model);
    if (mask == 0 || mask > kAllCores) {
      throw CardError(code::kEngineIllegal,
                      "The affinity " + softcard::hex(mask) + " names no core from 0 to 2.");
    }
    found->set_affinity(mask);
  });
}

axclError axclrtEngineGetAffinity(std::uint64_t model, axclrtEngineSet* mask) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto found = find_model(model);
    require(mask, code::kEngineNull, "The place for the affinity");
    *mask = found->affinity();
  });
}

axclError axclrtEngineSetContextAffinity(std::uint64_t /*model*/, std::uint64_t /*context*/,
                                         axclrtEngineSet /*mask*/) {
  SOFTCARD_COUNT_CALL();
  return code::kEngineUnsupported;
}

axclError axclrtEngineGetContextAffinity(std::uint64_t /*model*/, std::uint64_t /*context*/,
                                         axclrtEngineSet* /*mask*/) {
  SOFTCARD_COUNT_CALL();
  return code::kEngineUnsupported;
}

axclError axclrtEngineGetUsage(const char* path, std::int64_t* system, std::int64_t* cmm) {
  SOFTCARD_COUNT_CALL();
  return guarded(
      [&] { answer_usage(inspect_file(path, code::kUsageUnreadable)->weight_bytes(), system, cmm); });
}

axclError axclrtEngineGetUsageFromMem(const void* image, std::uint64_t size, std::int64_t* system,
                                      std::int64_t* cmm) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { answer_usage(inspect_memory(image, size)->weight_bytes(), system, cmm); });
}

axclError axclrtEngineGetUsageFromModelId(std::uint64_t model, std::int64_t* system, std::int64_t* cmm) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { answer_usage(find_model(model)->program().weight_bytes(), system, cmm); });
}

axclError axclrtEngineGetModelType(const char* path, axclrtEngineModelKind* kind) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    inspect_file(path, code::kEngineIllegal);
    answer_type(kind);
  });
}

axclError axclrtEngineGetModelTypeFromMem(const void* image, std::uint64_t size,
                                          axclrtEngineModelKind* kind) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    inspect_memory(image, size);
    answer_type(kind);
  });
}

axclError axclrtEngineGetModelTypeFromModelId(std::uint64_t model, axclrtEngineModelKind* kind) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    find_model(model);
    answer_type(kind);
  });
}

axclError axclrtEngineExecute(std::uint64_t model, std::uint64_t context, std::uint32_t group,
                              axclrtEngineIO io) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto execution = prepare(model, context, group, io);
    RemoteCall call(execution.model->device());
    call.cost(softcard::run(execution, {}));
  });
}

axclError axclrtEngineExecuteAsync(std::uint64_t model, std::uint64_t context, std::uint32_t group,
                                   axclrtEngineIO io, axclrtStream stream) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    auto execution = std::make_shared<const softcard::Execution>(prepare(model, context, group, io));
    const auto target = stream == nullptr ? runtime().current()->default_stream() : runtime().stream(stream);
    if (target->device.get() != &execution->model->device()) {
      throw CardError(code::kStreamIllegal, "The stream belongs to card " +
                                                std::to_string(target->device->id()) + ", " +
                                                execution->shape().name + " is loaded on card " +
                                                std::to_string(execution->model->device().id()) + ".");
    }
    softcard::submit(*target, {},
                     [execution](const std::stop_token& stop) { softcard::run(*execution, stop); });
  });
}
