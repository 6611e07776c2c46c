#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace axllama::text {

/// Index of a token in the vocabulary, as the model's embedding table counts them. Never negative in a file.
using TokenId = std::int32_t;

struct TokenizerData;  // tokenizer/tokenizer_data.h: what the readers build

/// A byte-pair-encoding tokenizer that gives the ids Hugging Face `tokenizers` gives for the same
/// tokenizer.json (added tokens, normalizer, pre-tokenizer, BPE model, post-processor, decoder). Immutable
/// after loading: every member function may be called from any thread at the same time.
class Tokenizer {
 public:
  /// Reads the tokenizer of a model package: `tokenizer.json` in the folder or in a `*tokenizer*` folder
  /// below it, else a vendor text file `*tokenizer.txt`. Takes the beginning- and end-of-sequence tokens from
  /// the files beside it (tokenizer_config.json, special_tokens_map.json, generation_config.json,
  /// config.json), where they are present and not empty. Throws base::Error (kNotFound, kInvalidArgument,
  /// kUnsupported) naming the file and the field.
  static std::shared_ptr<const Tokenizer> load(const std::filesystem::path& package_folder);

  /// As load(), for one given `tokenizer.json` or vendor text file; settings are looked for in the file's
  /// folder.
  static std::shared_ptr<const Tokenizer> load_file(const std::filesystem::path& file);

  explicit Tokenizer(std::unique_ptr<const TokenizerData> data);
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// Ids of `text`, without those a post-processor adds (see add_special_tokens). Bytes that are not UTF-8
  /// are read as U+FFFD, one for each maximal ill-formed part. With `parse_special` false the text of special
  /// tokens is ordinary text (for input that is not trusted); added tokens that are not special are
  /// recognised in both cases.
  std::vector<TokenId> encode(std::string_view text, bool parse_special = true) const;

  /// The text of `ids`; ids outside the vocabulary give nothing. With `skip_special`, special tokens give
  /// nothing. Bytes that do not form UTF-8 become U+FFFD. Always valid UTF-8.
  std::string decode(std::span<const TokenId> ids, bool skip_special) const;

  /// The bytes `id` stands for, which may be a part of a character: byte-level letters and `<0xNN>` are
  /// resolved and U+2581 is a space where the tokenizer writes spaces so. Empty for an id outside the
  /// vocabulary. The view lives as long as the tokenizer.
  std::string_view piece(TokenId id) const noexcept;

  /// The token as the vocabulary spells it ("Ġthe", "▁the", "<|im_end|>"); empty outside the vocabulary.
  std::string_view token(TokenId id) const noexcept;

  /// The id of a token given as the vocabulary spells it.
  std::optional<TokenId> token_id(std::string_view token) const;

  /// True for added tokens marked special: control tokens that are not part of the text.
  bool is_special(TokenId id) const noexcept;

  /// True when `id` ends a turn or a text: it is one of eos().
  bool is_eos(TokenId id) const noexcept;

  /// Largest id + 1. The model's embedding table may be larger (padded).
  std::size_t vocabulary_size() const noexcept;

  /// Beginning-of-sequence token, where the package names one (chat templates refer to it as bos_token).
  std::optional<TokenId> bos() const noexcept;

  /// All tokens that end generation: eos_token of tokenizer_config.json (or special_tokens_map.json) first,
  /// then the eos_token_id of generation_config.json and config.json; no id twice. May be empty.
  const std::vector<TokenId>& eos() const noexcept;

  /// True when add_special_tokens() puts bos() in front. Chat templates write it themselves; raw prompts need
  /// it.
  bool adds_bos() const noexcept;

  /// `ids` as the post-processor completes a single sequence: most often bos() in front, or nothing at all.
  std::vector<TokenId> add_special_tokens(std::vector<TokenId> ids) const;

 private:
  friend class StreamingDetokenizer;
  std::unique_ptr<const TokenizerData> data_;
};

}  // namespace axllama::text
