#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "text/tokenizer/tokenizer_data.h"

namespace axllama::text {

// The text files that the vendor's runner loads ("qwen3_tokenizer.txt"), as its public converter writes them
// and its published files show (AXERA-TECH/ax-llm: scripts/*_tokenizer.txt,
// tokenizer.axera/tests/convert_tokenizer.py, after MNN's llm export):
//
//   430 TYPE                        magic number; 0 sentencepiece, 1 tiktoken, 2 BERT, 3 Hugging Face
//   SPECIALS STOPS PREFIXES         how many ids of each kind the next line has
//   id id id ...
//   TOKENS [MERGES]                 MERGES only with type 3
//   one token a line, in the order of ids: type 1 base64 of its bytes, type 3 in byte-level letters
//   one merge a line                only with type 3: the lines of merges.txt, its "#version" line included
//
// Types 1 and 3 are read. In type 1 the order of ids gives the priority of merges, as in tiktoken. The files
// do not say how text is cut into pieces before merging, nor which added tokens are visible text. That is
// told by "tokenizer_type" in the package's config.json, else by tokens that only one family has:
//
//   Qwen2, Qwen2.5, Qwen3, InternVL3, FastVLM   NFC, Qwen2 pattern
//   Qwen3.5                                     NFC, the pattern with marks in words
//   SmolLM2, SmolVLM2                           single digits, GPT-2 pattern
//   Llama 3                                     Llama 3 pattern
//
// Added tokens that Qwen publishes as not special (<think>, <tool_call> ...) are text, all others are
// special.

/// True for a text that begins with the magic number.
bool is_vendor_tokenizer_text(std::string_view text) noexcept;

/// Reads such a text; `file` stands in messages, `config` is the package's config.json (may be empty). Throws
/// base::Error: kInvalidArgument for a file that contradicts itself, naming line and values; kUnsupported for
/// types 0 and 2 and for families this program cannot tell.
TokenizerParts read_vendor_tokenizer_text(std::string_view text, const std::string& file,
                                          const nlohmann::json& config);

}  // namespace axllama::text
