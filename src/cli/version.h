#pragma once

#include <string>

namespace axllama::cli {

/// What --version prints: the version of the server that OLLAMA_HOST names, and a warning where this program
/// is of another or there is no server.
std::string version_text();

/// The same of what a server said; `server` empty: nothing.
std::string version_text(const std::string& server, const std::string& client);

}  // namespace axllama::cli
