#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "softcard/weights/packed_matrix.h"

namespace axllama::compiler {

/// Element types of GGUF tensors that are read here, with the format's numbers (ggml: enum ggml_type).
enum class GgmlType : std::uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kBf16 = 30,
};

/// Values come in blocks: `bytes` bytes hold `elements` values.
struct GgmlBlock {
  std::string_view name;  // "Q4_K"
  std::size_t elements;
  std::size_t bytes;
};

/// Null for a type that is not read here.
const GgmlBlock* ggml_block(GgmlType type) noexcept;

/// The kind in which the card stores values of this type, all of them exactly.
const softcard::WeightKind& weight_kind(GgmlType type) noexcept;

/// Appends the values of whole blocks, which are a row or a part of one, to `out`, in the order of columns
/// and with the blocks' own scales. The layouts are those of ggml's blocks (github.com/ggml-org/ggml,
/// ggml-common.h and ggml-quants.c), written anew.
void append_stored(GgmlType type, std::span<const std::byte> data, softcard::BlockSource& out);

/// Decodes whole blocks: out.size() values, a multiple of the block's elements, from exactly as many blocks
/// in `data`.
void dequantize(GgmlType type, std::span<const std::byte> data, std::span<float> out);

}  // namespace axllama::compiler
