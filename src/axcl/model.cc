#include "axcl/model.h"

#include <algorithm>
#include <system_error>

#include "axcl/card.h"
#include "axcl/model_state.h"
#include "base/error.h"

namespace axllama::axcl {
namespace {

using base::Error;
using base::ErrorCode;

// Counts and sizes beyond these are errors in disguise (a negative code seen as an unsigned number).
constexpr std::uint32_t kMaxTensors = 1024;
constexpr std::int32_t kMaxGroups = 1024;
constexpr std::int32_t kMaxAxes = 32;

constexpr std::int32_t kIllegalModel = axcl_code(0x80300703U);

/// The calls that describe the inputs, or those that describe the outputs.
struct Side {
  const char* name;
  std::uint32_t (*count)(AxclIoInfo);
  const char* (*tensor_name)(AxclIoInfo, std::uint32_t);
  std::uint64_t (*size)(AxclIoInfo, std::uint32_t, std::uint32_t);
  AxclError (*dims)(AxclIoInfo, std::uint32_t, std::uint32_t, AxclIoDims*);
  AxclError (*type)(AxclIoInfo, std::uint32_t, std::int32_t*);  // null where the library lacks it
};

[[noreturn]] void throw_description_error(const std::filesystem::path& file, const std::string& what) {
  throw Error(ErrorCode::kDevice,
              "The card's description of " + file.filename().string() + " makes no sense: " + what + ".");
}

/// What vendors' layer models use, for libraries that cannot tell.
DataType type_by_name(const std::string& name) {
  return name == "indices" ? DataType::kUint32 : DataType::kBf16;
}

DataType read_type(const ModelState& model, const Side& side, std::uint32_t index, const std::string& name) {
  std::int32_t type = 0;
  if (side.type == nullptr || side.type(model.info, index, &type) != kAxclSuccess) return type_by_name(name);
  if (type <= static_cast<std::int32_t>(DataType::kNone) ||
      type > static_cast<std::int32_t>(DataType::kFp64)) {
    return type_by_name(name);
  }
  return static_cast<DataType>(type);
}

std::vector<std::int32_t> read_dims(const ModelState& model, const Side& side, std::uint32_t group,
                                    std::uint32_t index, const std::string& name) {
  AxclIoDims dims{};
  if (const AxclError code = side.dims(model.info, group, index, &dims); code != kAxclSuccess) {
    throw axcl_error("The card does not give the shape of " + name + " in " + model.file.filename().string(),
                     code);
  }
  if (dims.count < 0 || dims.count > kMaxAxes) {
    throw_description_error(model.file, name + " has " + std::to_string(dims.count) + " axes");
  }
  return {dims.dims, dims.dims + dims.count};
}

std::vector<TensorDescription> read_side(const ModelState& model, const Side& side) {
  const std::uint32_t count = side.count(model.info);
  if (count == 0 || count >= kMaxTensors) {
    throw_description_error(model.file, "it has " + std::to_string(count) + " " + side.name + "s");
  }
  std::vector<TensorDescription> tensors(count);
  for (std::uint32_t index = 0; index < count; ++index) {
    TensorDescription& tensor = tensors[index];
    const char* name = side.tensor_name(model.info, index);
    if (name == nullptr)
      throw_description_error(model.file,
                              std::string(side.name) + " " + std::to_string(index) + " has no name");
    tensor.name = name;
    tensor.type = read_type(model, side, index, tensor.name);
    for (std::uint32_t group = 0; group < model.group_count; ++group) {
      const std::uint64_t size = side.size(model.info, group, index);
      if (size == 0 || (size >> 63U) != 0) {
        throw_description_error(model.file, tensor.name + " has " + std::to_string(size) +
                                                " bytes in shape group " + std::to_string(group));
      }
      tensor.bytes.push_back(size);
      tensor.dims.push_back(read_dims(model, side, group, index, tensor.name));
    }
  }
  return tensors;
}

void load_file(ModelState& model) {
  CardState& card = *model.card;
  std::error_code ignored;
  if (!std::filesystem::exists(model.file, ignored)) {
    throw Error(ErrorCode::kNotFound, "The model file " + model.file.string() + " does not exist.");
  }
  if (!std::filesystem::is_regular_file(model.file, ignored) ||
      std::filesystem::file_size(model.file, ignored) == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "The model file " + model.file.string() + " is empty or not a file.");
  }
  const AxclError code = card.remote(
      "Model", [&] { return card.abi->axclrtEngineLoadFromFile(model.file.c_str(), &model.model_id); });
  if (code == kIllegalModel) {
    const std::string reason = card.runtime->software_card_reason();
    throw Error(ErrorCode::kInvalidArgument, "The card does not accept " + model.file.string() +
                                                 " as a model: " + describe_axcl_error(code) + "." +
                                                 (reason.empty() ? "" : " " + reason));
  }
  if (code != kAxclSuccess) {
    throw axcl_error("The card cannot load " + model.file.string() +
                         " (its memory may be full, or held by another process)",
                     code);
  }
  model.loaded = true;
}

void describe(ModelState& model) {
  CardState& card = *model.card;
  const Abi& abi = *card.abi;
  const std::string file = model.file.filename().string();
  if (const AxclError code =
          card.remote("Model", [&] { return abi.axclrtEngineGetIOInfo(model.model_id, &model.info); });
      code != kAxclSuccess) {
    throw axcl_error("The card does not describe " + file, code);
  }
  if (const AxclError code = card.remote(
          "Model", [&] { return abi.axclrtEngineCreateContext(model.model_id, &model.context_id); });
      code != kAxclSuccess) {
    throw axcl_error("The card gives no execution context for " + file, code);
  }
  std::int32_t groups = 0;
  if (const AxclError code = abi.axclrtEngineGetShapeGroupsCount(model.info, &groups); code != kAxclSuccess) {
    throw axcl_error("The card does not count the shape groups of " + file, code);
  }
  if (groups <= 0 || groups > kMaxGroups) {
    throw_description_error(model.file, "it has " + std::to_string(groups) + " shape groups");
  }
  model.group_count = static_cast<std::size_t>(groups);
  model.inputs = read_side(model, {"input", abi.axclrtEngineGetNumInputs, abi.axclrtEngineGetInputNameByIndex,
                                   abi.axclrtEngineGetInputSizeByIndex, abi.axclrtEngineGetInputDims,
                                   abi.axclrtEngineGetInputDataType});
  model.outputs =
      read_side(model, {"output", abi.axclrtEngineGetNumOutputs, abi.axclrtEngineGetOutputNameByIndex,
                        abi.axclrtEngineGetOutputSizeByIndex, abi.axclrtEngineGetOutputDims,
                        abi.axclrtEngineGetOutputDataType});
}

std::optional<std::size_t> index_of(const std::vector<TensorDescription>& tensors, std::string_view name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const auto& tensor) { return tensor.name == name; });
  if (found == tensors.end()) return std::nullopt;
  return static_cast<std::size_t>(found - tensors.begin());
}

}  // namespace

ModelState::~ModelState() {
  if (card == nullptr) return;
  if (info != nullptr) card->abi->axclrtEngineDestroyIOInfo(info);
  if (loaded) {
    card->release([this] { return card->abi->axclrtEngineUnload(model_id); });
  }
}

Model::Model(Card& card, const std::filesystem::path& file) : state_(std::make_shared<ModelState>()) {
  state_->card = card.state_;
  state_->file = file;
  load_file(*state_);
  describe(*state_);
}

Model::~Model() = default;

const std::filesystem::path& Model::file() const noexcept {
  return state_->file;
}

std::size_t Model::group_count() const noexcept {
  return state_->group_count;
}

const std::vector<TensorDescription>& Model::inputs() const noexcept {
  return state_->inputs;
}

const std::vector<TensorDescription>& Model::outputs() const noexcept {
  return state_->outputs;
}

std::optional<std::size_t> Model::input_index(std::string_view name) const noexcept {
  return index_of(state_->inputs, name);
}

std::optional<std::size_t> Model::output_index(std::string_view name) const noexcept {
  return index_of(state_->outputs, name);
}

std::string Model::compiler_version() const {
  state_->card->check_owner("compiler_version");
  const char* version = state_->card->abi->axclrtEngineGetModelCompilerVersion(state_->model_id);
  return version == nullptr ? "" : version;
}

}  // namespace axllama::axcl
