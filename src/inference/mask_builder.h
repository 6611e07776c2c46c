#pragma once

#include <cstddef>
#include <span>

#include "base/bfloat16.h"

namespace axllama::inference {

/// Attention masks are added to the scores: 0 shows a column, -65536 hides it (bf16 bits).
inline constexpr base::Bf16 kVisible = 0x0000;
inline constexpr base::Bf16 kHidden = 0xC780;

/// Mask of a decode step with `cached` tokens in a cache of C slots: `mask` is [C + 1], its last column the
/// token itself.
void fill_decode_mask(std::span<base::Bf16> mask, std::size_t cached);

/// Mask of a prefill chunk of `count` <= `rows` tokens after `cached` ones, in a group with `history` columns
/// for the cache: `mask` is [rows, history + rows]. Each token's row sees the cached tokens, itself and the
/// rows before it. Rows without a token see nothing, which tells the software card that they need no work.
void fill_prefill_mask(std::span<base::Bf16> mask, std::size_t rows, std::size_t history, std::size_t cached,
                       std::size_t count);

}  // namespace axllama::inference
