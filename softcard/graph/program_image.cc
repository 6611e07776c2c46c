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

std::span<const std::byte> ProgramImage::group_values(const std::string& tensor_name,
                                                      const MatrixSource& source) const {
  const base::SafetensorsView& view = tensor(tensor_name, {source.rows, source.columns / source.scale_group});
  if (view.dtype != "F16") fail("the tensor " + tensor_name + " has dtype " + view.dtype + ", expected F16");
  return view.data;
}

ProjectionTensor ProgramImage::projection(const std::string& tensor_name, std::size_t rows,
                                          std::size_t columns) const {
  const auto found = file_.tensors().find(tensor_name);
  if (found == file_.tensors().end()) fail("the tensor " + tensor_name + " is missing");
  const std::string& dtype = found->second.dtype;
  const bool packed_pairs = dtype == "U8";
  if (packed_pairs && columns % 2 != 0)
    fail("the tensor " + tensor_name + " has pairs of weights in odd columns");
  ProjectionTensor result;
  MatrixSource& source = result.source;
  source.data = tensor(tensor_name, {rows, packed_pairs ? columns / 2 : columns}).data;
  source.rows = rows;
  source.columns = columns;
  if (dtype == "BF16") return result;
  if (dtype != "I8" && !packed_pairs) {
    fail("the tensor " + tensor_name + " has dtype " + dtype + ", expected BF16, I8 or U8 (pairs of s4)");
  }
  source.format = packed_pairs ? WeightFormat::kS4 : WeightFormat::kS8;

  const std::string scale_name = tensor_name + std::string(kScaleSuffix);
  const auto scale = file_.tensors().find(scale_name);
  if (scale == file_.tensors().end()) fail("the tensor " + scale_name + " is missing");
  if (!packed_pairs && scale->second.shape.size() == 1) {
    result.row_scales = f32_vector(scale_name, rows);
    return result;
  }
  const auto groups = scale->second.shape.size() == 2 ? static_cast<std::size_t>(scale->second.shape[1]) : 0;
  for (const std::size_t size : {32U, 64U, 128U}) {
    if (groups * size == columns) source.scale_group = size;
  }
  if (source.scale_group == 0) {
    fail("the tensor " + scale_name + " has shape " + shape_text(scale->second.shape) + ", expected [" +
         std::to_string(rows) + "," + std::to_string(columns) + "/g] with g one of 32, 64, 128");
  }
  source.scales = group_values(scale_name, source);
  const std::string minimum_name = tensor_name + std::string(kMinimumSuffix);
  if (has_tensor(minimum_name)) source.minimums = group_values(minimum_name, source);
  return result;
}

}  // namespace axllama::softcard
