#pragma once

#include <span>

#include "softcard/weights/packed_matrix.h"

namespace axllama::compiler {

/// Appends one row of values to `out` in a kind that can be made from any values: f32, f16, bf16, s8, s8_g32,
/// s4_g32, s4_g128 (symmetric: nothing is added to q * scale). 8-bit values are rounded to nearest, ties to
/// even, with the scale that makes the largest 127. 4-bit values take, of a few scales around the one that
/// makes the largest 8 in size, the one with the least squared error.
void quantize_row(const softcard::WeightKind& kind, std::span<const float> row, softcard::BlockSource& out);

}  // namespace axllama::compiler
