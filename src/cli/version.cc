#include "cli/version.h"

#include <exception>

#include "base/error.h"
#include "cli/api_client.h"

namespace axllama::cli {
namespace {

/// A stock Ollama tells only its own version.
std::string server_version() {
  try {
    ApiClient client;
    const nlohmann::ordered_json reply = client.get("/api/version");
    return reply.value("axllama_version", reply.value("version", ""));
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace

std::string version_text() {
  return version_text(server_version(), AXLLAMA_VERSION);
}

std::string version_text(const std::string& server, const std::string& client) {
  std::string text = server.empty() ? "Warning: could not connect to a running Ollama instance"
                                    : "axllama version is " + server;
  if (server != client) text += "\nWarning: client version is " + client;
  return text;
}

}  // namespace axllama::cli
