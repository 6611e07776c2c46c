#include <string>

#include "softcard/abi/axcl_abi.h"
#include "softcard/abi/entry.h"

namespace softcard = axllama::softcard;
using softcard::CardError;
using softcard::guarded;
using softcard::IoObject;
using softcard::require;
using softcard::runtime;
using softcard::Side;
namespace code = axllama::softcard::code;

namespace {

std::shared_ptr<IoObject> find_object(axclrtEngineIO io) {
  require(io, code::kEngineNull, "The IO object");
  auto found = runtime().objects().find(io);
  if (!found) {
    throw CardError(code::kEngineIllegal, runtime().objects().is_stale(io)
                                              ? "The IO object was destroyed before."
                                              : "The handle is not one of an IO object.");
  }
  return found;
}

void bind(IoObject& object, Side side, std::size_t index, const void* buffer, std::uint64_t size) {
  if (!object.binding(side, index)) {
    throw CardError(code::kEngineIllegal,
                    "The IO object has no tensor with the index " + std::to_string(index) + ".");
  }
  require(buffer, code::kEngineNull, "The buffer");
  object.bind(side, index, reinterpret_cast<std::uintptr_t>(buffer), size);
}

axclError set_by_index(axclrtEngineIO io, Side side, std::uint32_t index, const void* buffer,
                       std::uint64_t size) {
  return guarded([&] {
    const auto object = find_object(io);
    bind(*object, side, index, buffer, size);
  });
}

std::size_t index_of(const IoObject& object, Side side, const char* name) {
  require(name, code::kEngineNull, "The tensor's name");
  const std::int32_t index = object.index_of(side, name);
  if (index < 0) {
    throw CardError(code::kEngineIllegal, std::string("The IO object has no tensor ") + name + ".");
  }
  return static_cast<std::size_t>(index);
}

axclError set_by_name(axclrtEngineIO io, Side side, const char* name, const void* buffer,
                      std::uint64_t size) {
  return guarded([&] {
    const auto object = find_object(io);
    bind(*object, side, index_of(*object, side, name), buffer, size);
  });
}

void answer(const IoObject& object, Side side, std::size_t index, void** buffer, std::uint64_t* size) {
  require(buffer, code::kEngineNull, "The place for the buffer");
  require(size, code::kEngineNull, "The place for the size");
  const auto binding = object.binding(side, index);
  if (!binding) {
    throw CardError(code::kEngineIllegal,
                    "The IO object has no tensor with the index " + std::to_string(index) + ".");
  }
  *buffer = reinterpret_cast<void*>(binding->address);
  *size = binding->size;
}

axclError get_by_index(axclrtEngineIO io, Side side, std::uint32_t index, void** buffer,
                       std::uint64_t* size) {
  return guarded([&] { answer(*find_object(io), side, index, buffer, size); });
}

axclError get_by_name(axclrtEngineIO io, Side side, const char* name, void** buffer, std::uint64_t* size) {
  return guarded([&] {
    const auto object = find_object(io);
    answer(*object, side, index_of(*object, side, name), buffer, size);
  });
}

}  // namespace

axclError axclrtEngineCreateIO(axclrtEngineIOInfo info, axclrtEngineIO* io) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(info, code::kEngineNull, "The IO info");
    require(io, code::kEngineNull, "The place for the IO object");
    const auto found = runtime().infos().find(info);
    if (!found && runtime().initialised()) {
      throw CardError(code::kEngineIllegal, "The handle is not one of an IO info.");
    }
    // Without a card the vendor's library makes an object from any memory; it has no tensors.
    *io = runtime().objects().add(found ? std::make_shared<IoObject>(found->model_id, found->shape)
                                        : std::make_shared<IoObject>(0, nullptr));
  });
}

axclError axclrtEngineDestroyIO(axclrtEngineIO io) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    find_object(io);
    runtime().objects().remove(io);
  });
}

axclError axclrtEngineSetInputBufferByIndex(axclrtEngineIO io, std::uint32_t index, const void* buffer,
                                            std::uint64_t size) {
  SOFTCARD_COUNT_CALL();
  return set_by_index(io, Side::kInput, index, buffer, size);
}

axclError axclrtEngineSetOutputBufferByIndex(axclrtEngineIO io, std::uint32_t index, const void* buffer,
                                             std::uint64_t size) {
  SOFTCARD_COUNT_CALL();
  return set_by_index(io, Side::kOutput, index, buffer, size);
}

axclError axclrtEngineSetInputBufferByName(axclrtEngineIO io, const char* name, const void* buffer,
                                           std::uint64_t size) {
  SOFTCARD_COUNT_CALL();
  return set_by_name(io, Side::kInput, name, buffer, size);
}

axclError axclrtEngineSetOutputBufferByName(axclrtEngineIO io, const char* name, const void* buffer,
                                            std::uint64_t size) {
  SOFTCARD_COUNT_CALL();
  return set_by_name(io, Side::kOutput, name, buffer, size);
}

axclError axclrtEngineGetInputBufferByIndex(axclrtEngineIO io, std::uint32_t index, void** buffer,
                                            std::uint64_t* size) {
  SOFTCARD_COUNT_CALL();
  return get_by_index(io, Side::kInput, index, buffer, size);
}

axclError axclrtEngineGetOutputBufferByIndex(axclrtEngineIO io, std::uint32_t index, void** buffer,
                                             std::uint64_t* size) {
  SOFTCARD_COUNT_CALL();
  return get_by_index(io, Side::kOutput, index, buffer, size);
}

axclError axclrtEngineGetInputBufferByName(axclrtEngineIO io, const char* name, void** buffer,
                                           std::uint64_t* size) {
  SOFTCARD_COUNT_CALL();
  return get_by_name(io, Side::kInput, name, buffer, size);
}

axclError axclrtEngineGetOutputBufferByName(axclrtEngineIO io, const char* name, void** buffer,
                                            std::uint64_t* size) {
  SOFTCARD_COUNT_CALL();
  return get_by_name(io, Side::kOutput, name, buffer, size);
}

axclError axclrtEngineSetDynamicBatchSize(axclrtEngineIO io, std::uint32_t /*batch*/) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { find_object(io); });  // layers and heads have no batch to set
}
