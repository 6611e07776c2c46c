#include "softcard/graph/program_image.h"

#include <cmath>
#include <cstring>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "softcard/format.h"

namespace axllama::softcard {
namespace {

using nlohmann::json;

bool starts_with(std::span<const std::byte> image, std::string_view prefix) {
  return image.size() >= prefix.size() && std::memcmp(image.data(), prefix.data(), prefix.size()) == 0;
}

/// Why bytes that are not safetensors cannot be run here.
std::string foreign_reason(std::span<const std::byte> image) {
  if (image.empty()) return "the model file is empty";
  if (starts_with(image, "version https://git-lfs")) {
    return "this is a git-LFS pointer, not the model itself; fetch the file with git lfs pull";
  }
  if (starts_with(image, "GGUF")) return "this is a GGUF file; axllama compile turns it into a package";
  return "this is not a model of the software card; models that the vendor's tools compiled for the AX650 "
         "NPU run "
         "only on the card itself";
}

base::SafetensorsFile open_image(std::span<const std::byte> image, const std::string& name) {
  if (!base::SafetensorsFile::looks_like(image))
    throw ProgramError(name + ": " + foreign_reason(image) + ".");
  try {
    return {image, name};
  } catch (const base::Error& error) {
    throw ProgramError(error.what());
  }
}

std::string shape_text(const auto& shape) {
  std::string text = "[";
  for (const auto dim : shape) {
    if (text.size() > 1) text += ',';
    text += std::to_string(dim);
  }
  return text + "]";
}

std::vector<float> to_floats(std::span<const std::byte> bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

}  // namespace

ProgramImage::ProgramImage(std::span<const std::byte> image, const std::string& name)
    : file_(open_image(image, name)) {
  const auto field = [&](std::string_view key) -> const std::string& {
    const auto found = file_.metadata().find(key);
    if (found == file_.metadata().end()) {
      fail("the metadata field " + std::string(key) +
           " is missing, so this is not a model of the software card");
    }
    return found->second;
  };
  if (const std::string& version = field(kFormatKey); version != kFormatVersion) {
    fail("the format version is \"" + version + "\", this software card runs \"" +
         std::string(kFormatVersion) + "\"");
  }
  program_ = field(kProgramKey);
  try {
    config_ = std::make_shared<const json>(json::parse(field(kConfigKey)));
  } catch (const json::exception& error) {
    fail("the metadata field " + std::string(kConfigKey) + " is not valid JSON: " + error.what());
  }
  if (!config_->is_object()) fail("the metadata field " + std::string(kConfigKey) + " is not a JSON object");
}

void ProgramImage::fail(const std::string& reason) const {
  throw ProgramError(name() + ": " + reason + ".");
}

std::size_t ProgramImage::size_field(const json& object, const char* field, std::size_t limit) const {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_number_unsigned()) {
    fail(std::string("the configuration has no whole number \"") + field + "\"");
  }
  const auto value = found->get<std::uint64_t>();
  if (value == 0 || value > limit) {
    fail(std::string("the configuration's \"") + field + "\" is " + std::to_string(value) +
         ", allowed are 1 to " + std::to_string(limit));
  }
  return static_cast<std::size_t>(value);
}

std::string ProgramImage::string_field(const char* field) const {
  const auto found = config_->find(field);
  if (found == config_->end() || !found->is_string()) {
    fail(std::string("the configuration has no string \"") + field + "\"");
  }
  return found->get<std::string>();
}

double ProgramImage::number_field(const char* field) const {
  const auto found = config_->find(field);
  if (found == config_->end() || !found->is_number()) {
    fail(std::string("the configuration has no number \"") + field + "\"");
  }
  return found->get<double>();
}

bool ProgramImage::bool_field(const char* field) const {
  const auto found = config_->find(field);
  if (found == config_->end() || !found->is_boolean()) {
    fail(std::string("the configuration has no true or false \"") + field + "\"");
  }
  return found->get<bool>();
}

bool ProgramImage::has_tensor(const std::string& tensor_name) const {
  return file_.tensors().contains(tensor_name);
}

const base::SafetensorsView& ProgramImage::tensor(const std::string& tensor_name,
                                                  const std::vector<std::size_t>& shape) const {
  const auto found = file_.tensors().find(tensor_name);
  if (found == file_.tensors().end()) fail("the tensor " + tensor_name + " is missing");
  const std::vector<std::int64_t>& actual = found->second.shape;
  bool same = actual.size() == shape.size();
  for (std::size_t i = 0; same && i < shape.size(); ++i)
    same = static_cast<std::size_t>(actual[i]) == shape[i];
  if (!same) {
    fail("the tensor " + tensor_name + " has shape " + shape_text(actual) + ", the configuration asks for " +
         shape_text(shape));
  }
  return found->second;
}

std::vector<float> ProgramImage::f32_vector(const std::string& tensor_name, std::size_t count) const {
  const base::SafetensorsView& view = tensor(tensor_name, {count});
  if (view.dtype != "F32") fail("the tensor " + tensor_name + " has dtype " + view.dtype + ", expected F32");
  return to_floats(view.data);
}

const WeightKind* ProgramImage::packed_kind(const std::string& tensor_name) const {
  const auto packed = config_->find(std::string(kPackedField));
  if (packed == config_->end()) return nullptr;
  if (!packed->is_object()) fail("\"packed\" is not an object");
  const auto name = packed->find(tensor_name);
  if (name == packed->end()) return nullptr;
  const WeightKind* kind = name->is_string() ? find_weight_kind(name->get<std::string>()) : nullptr;
  if (kind == nullptr) {
    fail("the tensor " + tensor_name + " is packed as " + name->dump() +
         ", which this software card does not know");
  }
  return kind;
}

ProjectionTensor ProgramImage::projection(const std::string& tensor_name, std::size_t rows,
                                          std::size_t columns) const {
  if (const WeightKind* kind = packed_kind(tensor_name); kind != nullptr) {
    const PackedLayout layout{*kind, rows, columns};
    const base::SafetensorsView& view = tensor(tensor_name, {layout.blocks(), layout.block_bytes()});
    if (view.dtype != "U8") fail("the tensor " + tensor_name + " has dtype " + view.dtype + ", expected U8");
    return {layout, true, view.data};
  }
  const base::SafetensorsView& view = tensor(tensor_name, {rows, columns});
  if (view.dtype != "BF16") {
    fail("the tensor " + tensor_name + " has dtype " + view.dtype + ", expected BF16 or a packed form");
  }
  return {{*find_weight_kind("bf16"), rows, columns}, false, view.data};
}

}  // namespace axllama::softcard
