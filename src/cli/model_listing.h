#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "cli/api_client.h"

namespace axllama::cli {

/// The table of `axllama list` (GET /api/tags).
std::string list_models(ApiClient& client);
/// The table of `axllama ps` (GET /api/ps).
std::string list_loaded(ApiClient& client);
/// The sections of `axllama show` for a reply of POST /api/show.
std::string describe_model(const nlohmann::ordered_json& show);

}  // namespace axllama::cli
