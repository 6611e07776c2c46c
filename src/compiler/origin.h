#pragma once

#include <memory>

#include "compiler/compiler.h"
#include "compiler/decoder_config.h"
#include "compiler/model_use.h"
#include "compiler/package_folder.h"
#include "compiler/weight_source.h"

namespace axllama::compiler {

/// What a package is made from: a checkpoint folder, a GGUF file or a seed.
class Origin {
 public:
  virtual ~Origin() = default;

  const DecoderConfig& config() const noexcept { return config_; }
  const ModelUse& use() const noexcept { return use_; }
  virtual WeightSource& weights() = 0;
  /// Writes tokenizer, chat template and sampling defaults.
  virtual void write_companions(const PackageFolder& package) const = 0;

 protected:
  DecoderConfig config_;
  ModelUse use_;
};

/// Opens what the options name. Throws Error as compile() does.
std::unique_ptr<Origin> open_origin(const CompileOptions& options);

}  // namespace axllama::compiler
