#include "compiler/origin.h"

#include <array>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/error.h"
#include "compiler/checkpoint_source.h"
#include "compiler/gguf_config.h"
#include "compiler/gguf_file.h"
#include "compiler/gguf_source.h"
#include "compiler/gguf_tokenizer.h"
#include "compiler/random_shapes.h"
#include "compiler/random_source.h"
#include "model/package_files.h"

namespace axllama::compiler {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

// What a package carries over from a checkpoint as it is.
constexpr std::array kCopiedFiles{"tokenizer.json",
                                  "tokenizer_config.json",
                                  "special_tokens_map.json",
                                  "generation_config.json",
                                  "chat_template.jinja",
                                  "chat_template.json",
                                  "LICENSE"};

class RandomOrigin final : public Origin {
 public:
  explicit RandomOrigin(const CompileOptions& options) : weights_(options.seed) {
    config_ = random_shape(options.random_shape);
  }
  WeightSource& weights() override { return weights_; }
  void write_companions(const PackageFolder& package) const override {
    package.write_text("tokenizer.json", random_tokenizer_json(config_.vocabulary));
    package.write_text("tokenizer_config.json", random_tokenizer_config_json());
  }

 private:
  RandomSource weights_;
};

class CheckpointOrigin final : public Origin {
 public:
  explicit CheckpointOrigin(const CompileOptions& options) : folder_(options.source) {
    model::refuse_lfs_pointers(folder_);
    config_ = read_decoder_config(folder_ / "config.json", options.max_context);
    use_ = read_model_use(folder_);
    weights_ = std::make_unique<CheckpointSource>(folder_);
  }
  WeightSource& weights() override { return *weights_; }
  void write_companions(const PackageFolder& package) const override {
    for (const char* name : kCopiedFiles) copy(folder_ / name, package.path() / name);
    if (!fs::exists(package.path() / "tokenizer.json")) {
      throw Error(ErrorCode::kNotFound, folder_.string() + " has no tokenizer.json");
    }
  }

 private:
  static void copy(const fs::path& from, const fs::path& to) {
    std::error_code error;
    if (!fs::exists(from, error)) return;
    fs::copy_file(from, to, error);
    if (error)
      throw Error(ErrorCode::kInvalidArgument, "cannot copy " + from.string() + ": " + error.message());
  }

  fs::path folder_;
  std::unique_ptr<CheckpointSource> weights_;
};

class GgufOrigin final : public Origin {
 public:
  explicit GgufOrigin(const CompileOptions& options) : file_(options.source) {
    config_ = read_gguf_config(file_, options.max_context);
    use_ = read_gguf_use(file_);
    weights_ = std::make_unique<GgufSource>(file_, config_);
  }
  WeightSource& weights() override { return *weights_; }
  void write_companions(const PackageFolder& package) const override {
    const GgufTokenizer tokenizer = read_gguf_tokenizer(file_);
    package.write_text("tokenizer.json", tokenizer.tokenizer_json);
    package.write_text("tokenizer_config.json", tokenizer.tokenizer_config_json);
    if (!tokenizer.generation_config_json.empty()) {
      package.write_text("generation_config.json", tokenizer.generation_config_json);
    }
    if (!tokenizer.chat_template.empty()) package.write_text("chat_template.jinja", tokenizer.chat_template);
  }

 private:
  GgufFile file_;
  std::unique_ptr<GgufSource> weights_;
};

}  // namespace

std::unique_ptr<Origin> open_origin(const CompileOptions& options) {
  if (!options.random_shape.empty()) return std::make_unique<RandomOrigin>(options);
  std::error_code ignored;
  if (fs::is_regular_file(options.source, ignored)) {
    if (GgufFile::looks_like(options.source)) return std::make_unique<GgufOrigin>(options);
    throw Error(ErrorCode::kInvalidArgument,
                options.source.string() + " is neither a folder nor a GGUF file");
  }
  return std::make_unique<CheckpointOrigin>(options);
}

}  // namespace axllama::compiler
