#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/api_client.h"

namespace axllama::cli {

/// What POST /api/show says of a model; one that is not installed is pulled first. Throws Error (kNotFound)
/// with the reason when it can be had from nowhere.
nlohmann::ordered_json show_or_pull(ApiClient& client, const std::string& model, bool insecure = false);

/// Names of the installed models that answer.
std::vector<std::string> chat_models(ApiClient& client);

}  // namespace axllama::cli
