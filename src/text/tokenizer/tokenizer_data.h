#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/tokenizer/added_tokens.h"
#include "text/tokenizer/bpe_model.h"
#include "text/tokenizer/normalizer.h"
#include "text/tokenizer/pre_tokenizer.h"
#include "text/tokenizer/token_map.h"

namespace axllama::text {

/// How the pieces of tokens become text.
struct DecoderRules {
  bool byte_level = true;      // pieces are bytes; else text
  bool byte_fallback = false;  // tokens "<0x00>" to "<0xFF>" are bytes
  std::string strip;           // up to strip_count of these at the start of the text are dropped
  int strip_count = 0;
  std::string metaspace;               // not empty: this sign stands for a space
  bool metaspace_drops_first = false;  // ... but in the first token it stands for nothing
};

/// Facts about one token, as bits.
enum TokenFlag : std::uint8_t {
  kSpecialToken = 1,  // left out when special tokens are skipped
  kByteToken = 2,     // one byte of a character ("<0x0A>"), with byte fallback
  kEosToken = 4,
};

/// Everything a Tokenizer knows. Filled by the readers, then read-only.
struct TokenizerData {
  std::string source;  // the file, for messages
  TokenTable tokens;   // as the vocabulary spells them
  TokenTable pieces;   // the bytes they stand for
  TokenMap ids;        // by spelling
  std::vector<std::uint8_t> flags;
  AddedTokens raw_added;         // looked for in the input
  AddedTokens normalized_added;  // looked for in the normalized input
  std::vector<std::unique_ptr<Normalizer>> normalizers;
  std::vector<std::unique_ptr<PreTokenizer>> pre_tokenizers;
  std::unique_ptr<BpeModel> model;
  DecoderRules decoder;
  std::vector<TokenId> prefix;  // the post-processor puts these around a sequence
  std::vector<TokenId> suffix;
  std::optional<TokenId> bos;
  std::vector<TokenId> eos;
};

/// What tokenizer files contain, before it is put together; both readers end here.
struct TokenizerParts {
  std::string source;
  std::vector<std::pair<std::string, TokenId>> vocabulary;
  std::vector<AddedToken> added_tokens;
  std::vector<std::unique_ptr<Normalizer>> normalizers;
  std::vector<std::unique_ptr<PreTokenizer>> pre_tokenizers;
  MergeTable merges;
  BpeOptions options;
  DecoderRules decoder;
  std::vector<std::pair<std::string, std::string>> decoder_replacements;  // applied to spellings, in order
  std::vector<TokenId> prefix;
  std::vector<TokenId> suffix;
  std::vector<TokenId> eos;  // known from the tokenizer file itself
};

/// Puts the parts together: tables, flags, model. The parts are consistent already.
std::unique_ptr<TokenizerData> assemble(TokenizerParts parts);

}  // namespace axllama::text
