#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace axllama::cli {

/// One picture of `axllama top`: a line about the server and its memory, then a line per model that is loaded
/// or being loaded. `version` and `ps` are the replies of GET /api/version and /api/ps of the server at
/// `url`.
std::string top_view(const std::string& url, const nlohmann::ordered_json& version,
                     const nlohmann::ordered_json& ps);

}  // namespace axllama::cli
