#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace axllama::api::embedding {

using Vector = std::vector<float>;

/// Scales a vector to a length of 1 (L2); one of zeros stays as it is. Throws Error (kInvalidArgument)
/// `embedding contains NaN or Inf values`.
void normalise(Vector& vector);

/// Normalises, cuts to the first `dimensions` numbers (0, or at least as many as there are: all) and
/// normalises again.
void shorten(Vector& vector, std::size_t dimensions);

/// Of two normalised vectors of one size.
double cosine(std::span<const float> a, std::span<const float> b);

/// A JSON array; each number as short as it can be to be read again as the same float.
std::string to_json_array(std::span<const float> vector);
/// Base64 of the numbers' bytes, little-endian, as OpenAI's clients ask for them.
std::string to_base64(std::span<const float> vector);

}  // namespace axllama::api::embedding
