#pragma once

#include <string>
#include <vector>

#include "compiler/decoder_config.h"

namespace axllama::compiler {

/// Names of the shapes that random packages can have: those of Qwen3 for benchmarks, small ones for tests.
std::vector<std::string> random_shapes();

/// Throws Error (kInvalidArgument) naming the known shapes.
DecoderConfig random_shape(const std::string& name);

/// A byte-level tokenizer of the given size in Hugging Face's form: every byte, fillers that no
/// text encodes to, and last the ChatML tokens (a reader numbers added tokens from the vocabulary's end).
std::string random_tokenizer_json(std::size_t vocabulary);
std::string random_tokenizer_config_json();

}  // namespace axllama::compiler
