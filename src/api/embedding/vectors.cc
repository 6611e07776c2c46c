#include "api/embedding/vectors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "base/base64.h"
#include "base/error.h"

namespace axllama::api::embedding {

double cosine(std::span<const float> a, std::span<const float> b) {
  return std::transform_reduce(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(), [](float x, float y) {
    return static_cast<double>(x) * static_cast<double>(y);
  });
}

void normalise(Vector& vector) {
  if (!std::all_of(vector.begin(), vector.end(), [](float value) { return std::isfinite(value); })) {
    throw base::Error(base::ErrorCode::kInvalidArgument, "embedding contains NaN or Inf values");
  }
  const double length = std::sqrt(cosine(vector, vector));
  if (length > 0) {
    for (float& value : vector) {
      value = static_cast<float>(static_cast<double>(value) / length);
    }
  }
}

void shorten(Vector& vector, std::size_t dimensions) {
  normalise(vector);
  if (dimensions > 0 && dimensions < vector.size()) {
    vector.resize(dimensions);
    normalise(vector);
  }
}

std::string to_json_array(std::span<const float> vector) {
  constexpr std::size_t kLongest = 16;  // "-1.1754944e-38"
  std::string text = "[";
  text.reserve(vector.size() * kLongest + 2);
  std::array<char, kLongest> digits{};
  for (const float value : vector) {
    if (text.size() > 1) {
      text += ',';
    }
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    text.append(digits.data(), end);
  }
  return text + "]";
}

std::string to_base64(std::span<const float> vector) {
  std::string bytes;
  bytes.reserve(vector.size() * sizeof(float));
  for (const float value : vector) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes += static_cast<char>((bits >> shift) & 0xFFU);
    }
  }
  return base::to_base64(bytes);
}

}  // namespace axllama::api::embedding
