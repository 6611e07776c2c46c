#pragma once

#include <atomic>
#include <functional>

#include "api/jobs.h"
#include "api/model_compiler.h"
#include "api/ollama/create_request.h"
#include "store/library.h"

namespace axllama::api::ollama {

/// What creating a model works with.
struct CreationTools {
  const store::Library& library;
  CompileFunction compile;  // unset: weights cannot be compiled here
  bool real_card = false;   // which only runs packages of the vendor's compiler
  /// Fetches a model that is not installed; what it throws ends the creation.
  std::function<void(const std::string& name, const RecordSink&, const std::atomic<bool>&)> pull = {};
};

/// Makes a model of an installed one, of a package's files, or of weights that are compiled first (GGUF,
/// safetensors), and lays the request's settings over it. Emits Ollama's records; the last says "success".
/// Throws Error.
void create_model(const CreationTools& tools, const CreateRequest& request, const RecordSink& emit,
                  const std::atomic<bool>& cancelled);

}  // namespace axllama::api::ollama
