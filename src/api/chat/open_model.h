#pragma once

#include <memory>
#include <string>

#include "model/package.h"
#include "serving/service.h"
#include "store/library.h"

namespace axllama::api::chat {

/// An installed model, opened.
struct OpenModel {
  store::ModelRecord record;
  std::shared_ptr<const model::Package> package;

  serving::ModelReference reference() const { return {record.name, record.digest, package}; }
  /// "registry.ollama.ai/library/x:tag"
  std::string full_name() const;
  bool can_think() const { return package->chat_template().supports_thinking(); }
  bool can_call_tools() const { return package->chat_template().supports_tools(); }
};

/// Finds and opens the model a client names. Throws Error: (kInvalidArgument) `invalid model name`,
/// (kNotFound) `model 'X' not found` with the name as the client wrote it, or what is wrong with the package.
/// May take a second: not for I/O threads.
OpenModel open_model(const store::Library& library, const std::string& asked);
/// As open_model(), without opening the package.
store::ModelRecord find_model(const store::Library& library, const std::string& asked);

}  // namespace axllama::api::chat
