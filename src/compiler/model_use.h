#pragma once

#include <filesystem>

#include "model/package.h"

namespace axllama::compiler {

/// What a checkpoint was trained for, and how its hidden states make a vector.
struct ModelUse {
  model::Purpose purpose = model::Purpose::kText;
  model::Pooling pooling = model::Pooling::kLast;
};

/// As the files of sentence-transformers in a Hugging Face folder say (`modules.json` and the pooling
/// module's `config.json`); a text model where there are none. Throws Error: kUnsupported for other ways of
/// pooling and further layers (names them and what is supported), kInvalidArgument for files that are not
/// theirs.
ModelUse read_model_use(const std::filesystem::path& folder);

}  // namespace axllama::compiler
