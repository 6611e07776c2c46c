#pragma once

#include <memory>
#include <vector>

#include "text/tokenizer/json_fields.h"
#include "text/tokenizer/tokenizer_data.h"

namespace axllama::text {

// Readers for the parts of a tokenizer.json. Each throws base::Error (kUnsupported) for a type or option this
// program does not know, and kInvalidArgument for a field that is missing or wrong, naming file and field.

/// "normalizer": NFC, NFD, Prepend, Replace, and Sequence of them.
void read_normalizer(const JsonFields& fields, std::vector<std::unique_ptr<Normalizer>>& steps);

/// "pre_tokenizer": ByteLevel (only as the last step), Split, Digits, Metaspace, and Sequence of them. True
/// when ByteLevel is among them: the vocabulary is then spelled in byte-level letters.
bool read_pre_tokenizer(const JsonFields& fields, std::vector<std::unique_ptr<PreTokenizer>>& steps);

/// "decoder": ByteLevel, Metaspace, or a Sequence of Replace, ByteFallback, Fuse and Strip.
void read_decoder(const JsonFields& fields, TokenizerParts& parts);

/// "post_processor": TemplateProcessing and ByteLevel (which only concerns offsets), and Sequence of them.
/// The ids the template puts around a single sequence go to parts.prefix and parts.suffix.
void read_post_processor(const JsonFields& fields, TokenizerParts& parts);

}  // namespace axllama::text
