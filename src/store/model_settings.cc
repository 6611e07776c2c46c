#include "store/model_settings.h"

#include "base/error.h"
#include "store/blob_store.h"

namespace axllama::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uintmax_t kMostTextBytes = 16 * 1024 * 1024;

Json read_json(const BlobStore& blobs, const Layer& layer) {
  Json value = Json::parse(blobs.read(layer.digest, kMostTextBytes), nullptr, false);
  if (value.is_discarded()) {
    throw Error(ErrorCode::kInvalidArgument,
                "the layer " + layer.digest.text() + " (" + layer.media_type + ") is not JSON");
  }
  return value;
}

std::string config_text(const Json& config, const char* name) {
  const auto found = config.find(name);
  return found != config.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::vector<PresetMessage> parse_messages(const Json& array) {
  if (!array.is_array()) throw Error(ErrorCode::kInvalidArgument, "messages must be an array");
  std::vector<PresetMessage> messages;
  for (const Json& element : array) {
    const auto text = [&element](const char* name) {
      const auto found = element.is_object() ? element.find(name) : element.end();
      if (!element.is_object() || found == element.end() || !found->is_string()) {
        throw Error(ErrorCode::kInvalidArgument,
                    "message " + element.dump() + " needs the string \"" + name + "\"");
      }
      return found->get<std::string>();
    };
    PresetMessage message{text("role"), text("content")};
    if (message.role != "system" && message.role != "user" && message.role != "assistant") {
      throw Error(ErrorCode::kInvalidArgument,
                  "message role must be one of \"system\", \"user\", or \"assistant\"");
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

Json read_config(const BlobStore& blobs, const Manifest& manifest) {
  try {
    Json config = read_json(blobs, manifest.config);
    return config.is_object() ? config : Json::object();
  } catch (const Error&) {
    return Json::object();  // some registries give a config that is no blob
  }
}

ModelSettings read_settings(const BlobStore& blobs, const Manifest& manifest) {
  ModelSettings settings;
  for (const Layer& layer : manifest.layers) {
    if (layer.media_type == media_type::kTemplate) {
      settings.chat_template = blobs.read(layer.digest, kMostTextBytes);
    } else if (layer.media_type == media_type::kSystem) {
      settings.system = blobs.read(layer.digest, kMostTextBytes);
    } else if (layer.media_type == media_type::kLicense) {
      settings.licenses.push_back(blobs.read(layer.digest, kMostTextBytes));
    } else if (layer.media_type == media_type::kParameters) {
      const Json parameters = read_json(blobs, layer);
      if (parameters.is_object()) settings.parameters = parameters;
    } else if (layer.media_type == media_type::kMessages) {
      settings.messages = parse_messages(read_json(blobs, layer));
    }
  }
  const Json config = read_config(blobs, manifest);
  settings.renderer = config_text(config, "renderer");
  settings.parser = config_text(config, "parser");
  settings.requires_version = config_text(config, "requires");
  settings.draft = config_text(config, kDraftMember);
  return settings;
}

}  // namespace axllama::store
