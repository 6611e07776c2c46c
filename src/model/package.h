#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bfloat16.h"
#include "base/mapped_file.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::text {
class ChatTemplate;  // text/chat_template.h; brings JSON with it, which few users of a package need
}

namespace axllama::model {

/// Sampling defaults a package carries (post_config.json, generation_config.json); unset means the server's
/// default.
struct SamplingDefaults {
  std::optional<double> temperature;
  std::optional<int> top_k;
  std::optional<double> top_p;
  std::optional<double> repeat_penalty;
  std::optional<int> repeat_last_n;
};

/// What a model was trained for.
enum class Purpose {
  kText,       // continues text, answers
  kEmbedding,  // stands for texts as vectors
  kReranking,  // judges by "yes" and "no" whether a document answers a query
};

/// Whose hidden states make up the vector of a text.
enum class Pooling {
  kLast,  // that of the last token, which has seen all others
  kMean,  // the mean of all tokens'
};

/// The tokens by which a reranker judges.
struct JudgeTokens {
  text::TokenId yes = 0;
  text::TokenId no = 0;
};

/// The files of a model package as vendors publish it, found by pattern and checked against each other.
struct PackageFiles {
  std::filesystem::path folder;
  std::string name;                           // "qwen3" of qwen3_p128_l0_together.axmodel
  std::vector<std::filesystem::path> layers;  // in order
  std::filesystem::path head;                 // *_post.axmodel
  std::filesystem::path embedding;            // raw bf16 [vocab, hidden]
};

/// The host's part of a model: files, embedding table (mapped), tokenizer, chat template, defaults. Reading
/// it touches no card. Immutable, thread-safe.
class Package {
 public:
  /// Throws Error (kNotFound, kInvalidArgument) with a sentence naming the file and both values: git-LFS
  /// pointer files, an embedding table whose size disagrees with config.json or the hidden size, a missing
  /// layer, doubled layers, empty files. Whether the layer files suit the card is the card's business: it
  /// says so at load.
  static std::shared_ptr<const Package> open(const std::filesystem::path& folder);

  const PackageFiles& files() const noexcept { return files_; }
  const std::string& architecture() const noexcept { return architecture_; }  // "qwen3"
  std::size_t layer_count() const noexcept { return files_.layers.size(); }
  std::size_t hidden_size() const noexcept { return hidden_size_; }
  std::size_t vocabulary_size() const noexcept { return vocabulary_size_; }  // rows of the embedding table
  /// Of the configuration, else of a name such as "Qwen3-0.6B"; 0 when neither tells.
  std::uint64_t parameter_count() const noexcept { return parameter_count_; }
  /// As the configuration states it. The card's shapes decide; they are known once the layers are loaded.
  const std::optional<std::size_t>& context_length() const noexcept { return context_length_; }
  std::uint64_t bytes_on_disk() const noexcept { return bytes_on_disk_; }
  const std::string& weight_type() const noexcept {
    return weight_type_;
  }  // "bf16", "s8", "s4" or "" when unknown
  Purpose purpose() const noexcept { return purpose_; }
  /// Of embeddings, which models of any purpose give.
  Pooling pooling() const noexcept { return pooling_; }
  /// Of a reranker; empty for other models.
  const std::optional<JudgeTokens>& judge_tokens() const noexcept { return judge_tokens_; }
  const SamplingDefaults& sampling_defaults() const noexcept { return sampling_defaults_; }
  const std::optional<std::string>& system_prompt() const noexcept { return system_prompt_; }

  const text::Tokenizer& tokenizer() const noexcept { return *tokenizer_; }
  const text::ChatTemplate& chat_template() const noexcept { return *chat_template_; }

  /// Row of the embedding table: [hidden] bf16, valid as long as the package. Throws Error (kInvalidArgument)
  /// out of range.
  std::span<const base::Bf16> embedding(text::TokenId token) const;

 private:
  Package() = default;
  friend class PackageReader;

  PackageFiles files_;
  std::string architecture_;
  std::string weight_type_;
  std::size_t hidden_size_ = 0;
  std::size_t vocabulary_size_ = 0;
  std::uint64_t parameter_count_ = 0;
  std::uint64_t bytes_on_disk_ = 0;
  std::optional<std::size_t> context_length_;
  Purpose purpose_ = Purpose::kText;
  Pooling pooling_ = Pooling::kLast;
  std::optional<JudgeTokens> judge_tokens_;
  SamplingDefaults sampling_defaults_;
  std::optional<std::string> system_prompt_;
  base::MappedFile embedding_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::shared_ptr<const text::ChatTemplate> chat_template_;
};

}  // namespace axllama::model
