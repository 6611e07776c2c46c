#pragma once

#include <map>
#include <string>

#include "api/json_body.h"
#include "store/digest.h"
#include "store/model_name.h"
#include "store/model_settings.h"

namespace axllama::api::ollama {

/// A request to /api/create, read and checked as far as that goes without looking anything up.
struct CreateRequest {
  store::ModelName name;
  std::string from = {};                            // an installed model; empty when made of files
  std::map<std::string, store::Digest> files = {};  // uploaded blobs by their paths
  std::string weight_type = {};                     // for the compiler; empty: its default
  store::ModelSettings settings = {};
  Json info = Json::object();  // facts about the model that clients show
  bool stream = true;
};

/// Throws Error (kInvalidArgument) in Ollama's words: `invalid model name`, `neither 'from' or 'files' was
/// specified`, `file path must be relative`, and for what no card can take (adapters, files of draft models).
CreateRequest parse_create_request(const Json& body);

}  // namespace axllama::api::ollama
