#include "compiler/weight_tensor.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "base/bfloat16.h"
#include "base/error.h"
#include "softcard/format.h"

namespace axllama::compiler {
namespace {

constexpr float kLargestS8 = 127.0F;

void check_finite(const std::string& tensor, std::span<const float> values) {
  if (std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) return;
  throw base::Error(base::ErrorCode::kInvalidArgument,
                    "the tensor " + tensor + " holds a value that is not finite");
}

/// Quantises one row and returns its scale.
float quantize_row(std::span<const float> row, std::byte* out) {
  float largest = 0;
  for (const float value : row) largest = std::max(largest, std::abs(value));
  const float scale = largest > 0 ? largest / kLargestS8 : 1.0F;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const float rounded = std::nearbyint(row[i] / scale);
    out[i] = static_cast<std::byte>(static_cast<std::int8_t>(std::clamp(rounded, -kLargestS8, kLargestS8)));
  }
  return scale;
}

}  // namespace

TensorSet::Tensor& TensorSet::add(std::string name, std::string dtype, std::vector<std::int64_t> shape,
                                  std::size_t bytes) {
  return tensors_.emplace_back(
      Tensor{std::move(name), std::move(dtype), std::move(shape), std::vector<std::byte>(bytes)});
}

void TensorSet::add_vector(const std::string& name, const std::string& tensor, std::size_t columns) {
  std::vector<float> values(columns);
  source_.read_rows(tensor, 1, columns, 0, values);
  check_finite(tensor, values);
  add_values(name, values);
}

void TensorSet::add_values(const std::string& name, const std::vector<float>& values) {
  Tensor& added = add(name, "F32", {static_cast<std::int64_t>(values.size())}, values.size() * sizeof(float));
  std::memcpy(added.bytes.data(), values.data(), added.bytes.size());
}

void TensorSet::add_matrix(const std::string& name, const std::string& tensor, std::size_t rows,
                           std::size_t columns) {
  const bool s8 = weight_type_ == "s8";
  const std::size_t element = s8 ? 1 : sizeof(base::Bf16);
  const std::vector<std::int64_t> shape{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)};
  std::byte* out = add(name, s8 ? "I8" : "BF16", shape, rows * columns * element).bytes.data();
  std::vector<float> scales(s8 ? rows : 0);
  std::vector<float> row(columns);
  for (std::size_t r = 0; r < rows; ++r, out += columns * element) {
    source_.read_rows(tensor, rows, columns, r, row);
    check_finite(tensor, row);
    if (s8) {
      scales[r] = quantize_row(row, out);
    } else {
      for (std::size_t c = 0; c < columns; ++c) {
        const base::Bf16 value = base::f32_to_bf16(row[c]);
        std::memcpy(out + c * element, &value, element);
      }
    }
  }
  if (s8) add_values(name + std::string(softcard::kScaleSuffix), scales);
}

std::vector<base::SafetensorsEntry> TensorSet::entries() const {
  std::vector<base::SafetensorsEntry> entries;
  entries.reserve(tensors_.size());
  for (const Tensor& tensor : tensors_)
    entries.push_back({tensor.name, tensor.dtype, tensor.shape, tensor.bytes});
  return entries;
}

}  // namespace axllama::compiler
