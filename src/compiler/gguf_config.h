#pragma once

#include <cstddef>

#include "compiler/decoder_config.h"
#include "compiler/gguf_file.h"
#include "compiler/model_use.h"

namespace axllama::compiler {

/// Reads the model's description from a GGUF file's metadata. `max_context` as in read_decoder_config; the
/// same errors, naming the key.
DecoderConfig read_gguf_config(const GgufFile& file, std::size_t max_context);

/// What the model was trained for, by its pooling_type. Throws Error (kUnsupported) for other ways of pooling
/// than mean and last.
ModelUse read_gguf_use(const GgufFile& file);

}  // namespace axllama::compiler
