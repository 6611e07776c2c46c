#pragma once

#include <cstddef>

#include "compiler/checkpoint_config_reader.h"
#include "compiler/decoder_config.h"

namespace axllama::compiler {

// What sets Gemma 3 apart (google-deepmind/gemma; Hugging Face transformers, modeling_gemma3.py): GeGLU,
// norms before and behind attention and MLP, embeddings that grow by the square root of their size, and
// layers that look back over a window only, with RoPE of another base.

inline constexpr double kGemma3Theta = 1e6;
inline constexpr double kGemma3LocalTheta = 1e4;
inline constexpr double kGemma3LargeFactor = 8;   // of RoPE's linear scaling in models from 4B on
inline constexpr std::size_t kGemma3Pattern = 6;  // every sixth layer sees all

/// What all models of the family have in common; sizes must have been read.
void set_gemma3_parts(DecoderConfig& decoder);

/// Every layer but each `pattern`th looks back over the window only.
void set_gemma3_pattern(DecoderConfig& decoder, std::size_t pattern);

/// Queries are divided by the square root of `scalar` instead of head_dim.
void set_gemma3_query_scalar(DecoderConfig& decoder, double scalar);

/// Sizes that a config.json leaves out because they are the family's own.
void set_gemma3_sizes(DecoderConfig& decoder);

/// Reads the rest from a config.json, RoPE of the layers that see all excepted. Throws as
/// read_decoder_config.
void read_gemma3(const CheckpointConfigReader& config, DecoderConfig& decoder);

}  // namespace axllama::compiler
