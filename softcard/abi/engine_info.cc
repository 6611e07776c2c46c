#include <algorithm>
#include <string>

#include "softcard/abi/axcl_abi.h"
#include "softcard/abi/entry.h"

namespace softcard = axllama::softcard;
using softcard::CardError;
using softcard::guarded;
using softcard::IoInfo;
using softcard::ModelShape;
using softcard::require;
using softcard::runtime;
using softcard::TensorInfo;
namespace code = axllama::softcard::code;

namespace {

std::shared_ptr<IoInfo> find_info(axclrtEngineIOInfo info) {
  require(info, code::kEngineNull, "The IO info");
  auto found = runtime().infos().find(info);
  if (!found) {
    throw CardError(code::kEngineIllegal, runtime().infos().is_stale(info)
                                              ? "The IO info was destroyed before."
                                              : "The handle is not one of an IO info.");
  }
  return found;
}

using Tensors = std::vector<TensorInfo> ModelShape::*;
using Sizes = std::vector<std::vector<std::uint64_t>> ModelShape::*;

const TensorInfo& tensor_at(const ModelShape& shape, Tensors side, std::uint32_t index) {
  const auto& tensors = shape.*side;
  if (index >= tensors.size()) {
    throw CardError(code::kEngineIllegal, shape.name + " has " + std::to_string(tensors.size()) +
                                              " tensors on this side; there is no index " +
                                              std::to_string(index) + ".");
  }
  return tensors[index];
}

void require_group(const ModelShape& shape, std::uint32_t group) {
  if (group >= shape.groups()) {
    throw CardError(code::kEngineIllegal, shape.name + " has " + std::to_string(shape.groups()) +
                                              " shape groups; there is no group " + std::to_string(group) +
                                              ".");
  }
}

// Counts and sizes answer errors in the type of the value, sign-extended, as the vendor's library does.
std::uint32_t count_tensors(axclrtEngineIOInfo info, Tensors side) {
  std::uint32_t count = 0;
  const std::int32_t error =
      guarded([&] { count = static_cast<std::uint32_t>(((*find_info(info)->shape).*side).size()); });
  return error == 0 ? count : static_cast<std::uint32_t>(error);
}

std::uint64_t tensor_size(axclrtEngineIOInfo info, Tensors side, Sizes sizes, std::uint32_t group,
                          std::uint32_t index) {
  std::uint64_t size = 0;
  const std::int32_t error = guarded([&] {
    const ModelShape& shape = *find_info(info)->shape;
    tensor_at(shape, side, index);
    require_group(shape, group);
    size = (shape.*sizes)[group][index];
  });
  return error == 0 ? size : static_cast<std::uint64_t>(static_cast<std::int64_t>(error));
}

const char* tensor_name(axclrtEngineIOInfo info, Tensors side, std::uint32_t index) {
  const char* name = nullptr;
  guarded([&] { name = tensor_at(*find_info(info)->shape, side, index).name.c_str(); });
  return name;
}

std::int32_t tensor_index(axclrtEngineIOInfo info, Tensors side, const char* name) {
  return guarded([&] {
    const auto found = find_info(info);
    require(name, code::kEngineNull, "The tensor's name");
    const std::int32_t index = ModelShape::index_of((*found->shape).*side, name);
    if (index < 0) {
      throw CardError(code::kEngineIllegal, found->shape->name + " has no tensor " + name + " on this side.");
    }
    return index;
  });
}

axclError tensor_dims(axclrtEngineIOInfo info, Tensors side, std::uint32_t group, std::uint32_t index,
                      axclrtEngineIODims* dims) {
  return guarded([&] {
    const auto found = find_info(info);
    require(dims, code::kEngineNull, "The place for the dims");
    require_group(*found->shape, group);
    const auto& values = tensor_at(*found->shape, side, index).dims[group];
    *dims = {};
    dims->dimCount = static_cast<std::int32_t>(std::min(values.size(), std::size(dims->dims)));
    std::copy_n(values.begin(), dims->dimCount, std::begin(dims->dims));
  });
}

axclError tensor_type(axclrtEngineIOInfo info, Tensors side, std::uint32_t index,
                      axclrtEngineDataType* type) {
  return guarded([&] {
    const auto found = find_info(info);
    require(type, code::kEngineNull, "The place for the data type");
    *type = static_cast<axclrtEngineDataType>(tensor_at(*found->shape, side, index).type);
  });
}

axclError tensor_layout(axclrtEngineIOInfo info, Tensors side, std::uint32_t index,
                        axclrtEngineDataLayout* layout) {
  return guarded([&] {
    const auto found = find_info(info);
    require(layout, code::kEngineNull, "The place for the layout");
    tensor_at(*found->shape, side, index);
    *layout = axclrtEngineDataLayout{};  // none: these tensors are no images
  });
}

constexpr Tensors kInputs = &ModelShape::inputs;
constexpr Tensors kOutputs = &ModelShape::outputs;

}  // namespace

axclError axclrtEngineGetIOInfo(std::uint64_t model, axclrtEngineIOInfo* info) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto context = runtime().current();
    require(info, code::kEngineNull, "The place for the IO info");
    const auto found = runtime().models().find(model, context->device());
    const softcard::RemoteCall call(context->device());
    *info = runtime().infos().add(std::make_shared<IoInfo>(IoInfo{model, found->shape()}));
  });
}

axclError axclrtEngineDestroyIOInfo(axclrtEngineIOInfo info) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    find_info(info);
    runtime().infos().remove(info);
  });
}

axclError axclrtEngineGetShapeGroupsCount(axclrtEngineIOInfo info, std::int32_t* count) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    const auto found = find_info(info);
    require(count, code::kEngineNull, "The place for the count");
    *count = static_cast<std::int32_t>(found->shape->groups());
  });
}

std::uint32_t axclrtEngineGetNumInputs(axclrtEngineIOInfo info) {
  SOFTCARD_COUNT_CALL();
  return count_tensors(info, kInputs);
}

std::uint32_t axclrtEngineGetNumOutputs(axclrtEngineIOInfo info) {
  SOFTCARD_COUNT_CALL();
  return count_tensors(info, kOutputs);
}

std::uint64_t axclrtEngineGetInputSizeByIndex(axclrtEngineIOInfo info, std::uint32_t group,
                                              std::uint32_t index) {
  SOFTCARD_COUNT_CALL();
  return tensor_size(info, kInputs, &ModelShape::input_bytes, group, index);
}

std::uint64_t axclrtEngineGetOutputSizeByIndex(axclrtEngineIOInfo info, std::uint32_t group,
                                               std::uint32_t index) {
  SOFTCARD_COUNT_CALL();
  return tensor_size(info, kOutputs, &ModelShape::output_bytes, group, index);
}

const char* axclrtEngineGetInputNameByIndex(axclrtEngineIOInfo info, std::uint32_t index) {
  SOFTCARD_COUNT_CALL();
  return tensor_name(info, kInputs, index);
}

const char* axclrtEngineGetOutputNameByIndex(axclrtEngineIOInfo info, std::uint32_t index) {
  SOFTCARD_COUNT_CALL();
  return tensor_name(info, kOutputs, index);
}

std::int32_t axclrtEngineGetInputIndexByName(axclrtEngineIOInfo info, const char* name) {
  SOFTCARD_COUNT_CALL();
  return tensor_index(info, kInputs, name);
}

std::int32_t axclrtEngineGetOutputIndexByName(axclrtEngineIOInfo info, const char* name) {
  SOFTCARD_COUNT_CALL();
  return tensor_index(info, kOutputs, name);
}

axclError axclrtEngineGetInputDims(axclrtEngineIOInfo info, std::uint32_t group, std::uint32_t index,
                                   axclrtEngineIODims* dims) {
  SOFTCARD_COUNT_CALL();
  return tensor_dims(info, kInputs, group, index, dims);
}

axclError axclrtEngineGetOutputDims(axclrtEngineIOInfo info, std::uint32_t group, std::uint32_t index,
                                    axclrtEngineIODims* dims) {
  SOFTCARD_COUNT_CALL();
  return tensor_dims(info, kOutputs, group, index, dims);
}

axclError axclrtEngineGetInputDataType(axclrtEngineIOInfo info, std::uint32_t index,
                                       axclrtEngineDataType* type) {
  SOFTCARD_COUNT_CALL();
  return tensor_type(info, kInputs, index, type);
}

axclError axclrtEngineGetOutputDataType(axclrtEngineIOInfo info, std::uint32_t index,
                                        axclrtEngineDataType* type) {
  SOFTCARD_COUNT_CALL();
  return tensor_type(info, kOutputs, index, type);
}

axclError axclrtEngineGetInputDataLayout(axclrtEngineIOInfo info, std::uint32_t index,
                                         axclrtEngineDataLayout* layout) {
  SOFTCARD_COUNT_CALL();
  return tensor_layout(info, kInputs, index, layout);
}

axclError axclrtEngineGetOutputDataLayout(axclrtEngineIOInfo info, std::uint32_t index,
                                          axclrtEngineDataLayout* layout) {
  SOFTCARD_COUNT_CALL();
  return tensor_layout(info, kOutputs, index, layout);
}
