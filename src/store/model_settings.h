#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/json.h"
#include "store/manifest.h"

namespace axllama::store {

class BlobStore;

/// A message that every conversation with a model begins with.
struct PresetMessage {
  std::string role;  // "system", "user", "assistant"
  std::string content;
  bool operator==(const PresetMessage&) const = default;
};

/// What a Modelfile says about a model beyond its weights. In the store each part is a layer of its own.
struct ModelSettings {
  std::optional<std::string> chat_template;  // Go template; unset: the package's own
  std::optional<std::string> system;
  Json parameters = Json::object();  // options by name, "stop" an array of strings
  std::vector<PresetMessage> messages;
  std::vector<std::string> licenses;
  std::string renderer;
  std::string parser;
  std::string requires_version;  // of the server
  std::string draft;             // an installed model that guesses tokens for this one; empty: none does
  bool operator==(const ModelSettings&) const = default;
};

/// Reads the layers of a manifest. Throws Error when a blob is missing or holds something else.
ModelSettings read_settings(const BlobStore& blobs, const Manifest& manifest);
/// The object that a manifest's config is; empty when it cannot be read.
Json read_config(const BlobStore& blobs, const Manifest& manifest);

/// Role and content of messages as layers and requests write them. Throws Error (kInvalidArgument).
std::vector<PresetMessage> parse_messages(const Json& array);

}  // namespace axllama::store
