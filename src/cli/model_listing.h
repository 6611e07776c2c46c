#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "cli/api_client.h"

namespace axllama::cli {

/// The table of `axllama list` (GET /api/tags): models whose names begin with `prefix`, in any case.
std::string list_models(ApiClient& client, const std::string& prefix = {});
/// The table of `axllama ps` for a reply of GET /api/ps.
std::string list_loaded(const nlohmann::ordered_json& ps, const std::string& prefix = {});
/// The sections of `axllama show` for a reply of POST /api/show; `verbose` adds metadata and tensors, and
/// texts in full.
std::string describe_model(const nlohmann::ordered_json& show, bool verbose = false);

}  // namespace axllama::cli
