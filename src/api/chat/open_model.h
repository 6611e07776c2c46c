#pragma once

#include <memory>
#include <optional>
#include <string>

#include "model/package.h"
#include "serving/service.h"
#include "store/library.h"
#include "text/chat_template.h"
#include "text/go_chat_template.h"

namespace axllama::api::chat {

/// An installed model, opened.
struct OpenModel {
  store::ModelRecord record;
  std::shared_ptr<const model::Package> package;
  store::ModelSettings settings;                         // what a Modelfile says
  std::optional<text::GoChatTemplate> own_template;      // of a Modelfile, instead of the package's
  std::shared_ptr<const serving::ModelReference> draft;  // guesses tokens for it; null: none does

  /// Models that differ only in their settings share what is loaded.
  serving::ModelReference reference() const { return {record.name, record.package_digest, package, draft}; }
  /// "registry.ollama.ai/library/x:tag"
  std::string full_name() const;
  bool can_think() const {
    return own_template ? own_template->supports_thinking() : package->chat_template().supports_thinking();
  }
  bool can_call_tools() const {
    return own_template ? own_template->supports_tools() : package->chat_template().supports_tools();
  }
  /// The Modelfile's system prompt, else the package's; may be empty.
  std::string system_prompt() const;
};

/// Finds and opens the model a client names. Throws Error: (kInvalidArgument) `invalid model name`,
/// (kNotFound) `model 'X' not found` with the name as the client wrote it, or what is wrong with the package.
/// May take a second: not for I/O threads.
OpenModel open_model(const store::Library& library, const std::string& asked);
/// The draft of a model, opened; null: it has none. One that cannot be used is a reference with a problem.
std::shared_ptr<const serving::ModelReference> open_draft(const store::Library& library,
                                                          const store::ModelRecord& record,
                                                          const store::ModelSettings& settings);
/// As open_model(), without opening the package.
store::ModelRecord find_model(const store::Library& library, const std::string& asked);

}  // namespace axllama::api::chat
