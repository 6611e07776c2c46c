#include "model/package.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <regex>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "model/embedding_shape.h"
#include "model/package_config.h"
#include "model/package_files.h"
#include "text/chat_template.h"

namespace axllama::model {
namespace {

namespace fs = std::filesystem;

/// Names of one family under which vendors publish it.
std::string family_of(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  std::replace(name.begin(), name.end(), '.', '_');
  if (name == "qwen" || name == "qwen2_5") return "qwen2";
  return name;
}

/// "Qwen3-0.6B" tells 600,000,000; 0 when the name tells nothing.
std::uint64_t parameters_in_name(const std::string& name) {
  static const std::regex kSize(R"((?:^|[-_ /])(\d+(?:\.\d+)?)([bBmM])(?:$|[-_ /.]))");
  std::smatch match;
  if (!std::regex_search(name, match, kSize)) return 0;
  const std::string unit = match[2];
  const double scale = unit == "b" || unit == "B" ? 1e9 : 1e6;
  return static_cast<std::uint64_t>(std::llround(std::stod(match[1]) * scale));
}

/// Tokens that need a row of the embedding table. Special tokens behind the ordinary ones (image marks of
/// text-only models) may lack one: the model never saw them.
std::size_t ordinary_token_count(const text::Tokenizer& tokenizer) {
  std::size_t count = tokenizer.vocabulary_size();
  const auto last = [&] { return static_cast<text::TokenId>(count - 1); };
  while (count > 0 && (tokenizer.is_special(last()) || tokenizer.token(last()).empty())) --count;
  return count;
}

std::shared_ptr<const text::Tokenizer> load_tokenizer(const fs::path& folder, const PackageConfig& config) {
  std::error_code ignored;
  if (!config.tokenizer_file.empty() && fs::is_regular_file(folder / config.tokenizer_file, ignored)) {
    return text::Tokenizer::load_file(folder / config.tokenizer_file);
  }
  return text::Tokenizer::load(folder);
}

JudgeTokens find_judge_tokens(const text::Tokenizer& tokenizer, const fs::path& config) {
  const auto find = [&](const char* word) {
    const std::optional<text::TokenId> token = tokenizer.token_id(word);
    if (!token) {
      throw base::Error(base::ErrorCode::kInvalidArgument,
                        config.string() +
                            " says that the model is a reranker, which judges by \"yes\" and \"no\", but \"" +
                            word + "\" is no token of its tokenizer.");
    }
    return *token;
  };
  return {find("yes"), find("no")};
}

}  // namespace

class PackageReader {
 public:
  static std::shared_ptr<const Package> read(const fs::path& folder) {
    refuse_lfs_pointers(folder);
    const PackageConfig config = read_package_config(folder);
    std::shared_ptr<Package> package(new Package);
    package->files_ = find_package_files(folder, config);
    package->tokenizer_ = load_tokenizer(folder, config);
    package->embedding_ = base::MappedFile(package->files_.embedding);
    const EmbeddingShape shape =
        infer_embedding_shape(package->files_.embedding, package->embedding_.bytes().size(), config,
                              ordinary_token_count(*package->tokenizer_));
    package->vocabulary_size_ = shape.vocabulary;
    package->hidden_size_ = shape.hidden;
    package->architecture_ =
        family_of(config.architecture.empty() ? package->files_.name : config.architecture);
    package->weight_type_ = config.weight_type;
    package->context_length_ = config.context_length;
    package->purpose_ = config.purpose;
    package->pooling_ = config.pooling;
    if (config.purpose == Purpose::kReranking) {
      package->judge_tokens_ = find_judge_tokens(*package->tokenizer_, config.file);
    }
    package->parameter_count_ = config.parameter_count.value_or(0);
    for (const std::string& name : {config.model_name, folder.filename().string()}) {
      if (package->parameter_count_ == 0) package->parameter_count_ = parameters_in_name(name);
    }
    package->bytes_on_disk_ = package_bytes(folder);
    package->sampling_defaults_ = read_sampling_defaults(folder, config);
    package->system_prompt_ = config.system_prompt;
    package->chat_template_ = std::make_shared<const text::ChatTemplate>(
        text::find_chat_template(tokenizer_folder(folder), package->files_.name));
    return package;
  }
};

std::shared_ptr<const Package> Package::open(const fs::path& folder) {
  return PackageReader::read(folder);
}

std::span<const base::Bf16> Package::embedding(text::TokenId token) const {
  if (token < 0 || static_cast<std::size_t>(token) >= vocabulary_size_) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      "Token " + std::to_string(token) + " has no row in the embedding table, which has " +
                          std::to_string(vocabulary_size_) + ".");
  }
  // The mapping starts at a page and a row is a multiple of an element, so every row is aligned.
  const auto* table = reinterpret_cast<const base::Bf16*>(embedding_.bytes().data());
  return {table + static_cast<std::size_t>(token) * hidden_size_, hidden_size_};
}

}  // namespace axllama::model
