#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "text/tokenizer/tokenizer_data.h"

namespace axllama::text {

/// Reads the text of a tokenizer.json (the format of the Hugging Face `tokenizers` library) with a BPE model;
/// `file` stands in messages. `extra_added_tokens` are those of tokenizer_config.json's added_tokens_decoder,
/// an object by id, of which the ones that tokenizer.json lacks are added; may be null. Throws base::Error:
/// kInvalidArgument for a file that contradicts itself, kUnsupported for parts this program does not know,
/// always naming the field.
TokenizerParts read_tokenizer_json(std::string_view text, const std::string& file,
                                   const nlohmann::json& extra_added_tokens);

}  // namespace axllama::text
