#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace axllama::cli {

/// The replies of GET /api/version, /api/ps and /api/status; the last is empty where a server has none.
struct ServerState {
  nlohmann::ordered_json version;
  nlohmann::ordered_json ps;
  nlohmann::ordered_json status = nlohmann::ordered_json::object();
};

/// One picture of `axllama top`: a line about the server at `url` and its memory, a line per card, then a
/// line per model that is loaded or being loaded.
std::string top_view(const std::string& url, const ServerState& state);

}  // namespace axllama::cli
