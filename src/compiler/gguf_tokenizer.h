#pragma once

#include <string>

#include "compiler/gguf_file.h"

namespace axllama::compiler {

/// A GGUF file's tokenizer as files of a Hugging Face folder.
struct GgufTokenizer {
  std::string tokenizer_json;
  std::string tokenizer_config_json;   // bos and eos tokens; the chat template where the file has one
  std::string generation_config_json;  // all tokens that end a turn or a text; empty when eos alone does
  std::string chat_template;           // Jinja; empty when the file has none
};

/// Carries over byte-level BPE (tokenizer.ggml.model "gpt2") with the pre-tokenizers of Qwen2, Llama 3,
/// GPT-2, SmolLM and GPT-4o, and SentencePiece BPE ("llama"), whose merges follow from the pieces' scores.
/// Throws Error: kUnsupported for others (names model or pre-tokenizer), kInvalidArgument for lists that do
/// not fit each other.
GgufTokenizer read_gguf_tokenizer(const GgufFile& file);

}  // namespace axllama::compiler
