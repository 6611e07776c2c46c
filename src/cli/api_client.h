#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "http/client.h"
#include "store/identity.h"

namespace axllama::cli {

struct ApiReply {
  int status = 0;
  nlohmann::ordered_json body;
};

/// Talks to an Ollama-compatible server: ours or another. The address is OLLAMA_HOST's (AXLLAMA_HOST wins),
/// default 127.0.0.1:11434. With OLLAMA_AUTH requests are signed with this user's key, for servers that know
/// their users by them. Every failure is a base::Error whose message is what the server or the system
/// said.
class ApiClient {
 public:
  ApiClient();
  explicit ApiClient(const std::string& host);

  nlohmann::ordered_json get(const std::string& path);
  nlohmann::ordered_json post(const std::string& path, const nlohmann::ordered_json& body);

  /// A request whose answer is told whatever its status; without a JSON body it is an empty object.
  ApiReply exchange(const std::string& method, const std::string& path, const nlohmann::ordered_json& body);

  /// A request whose answer has no body.
  void send(const std::string& method, const std::string& path, const nlohmann::ordered_json& body);

  /// Gives the server a file as a blob unless it has it; `sent` is called with the bytes sent so far.
  void upload_blob(const std::string& digest, const std::filesystem::path& file,
                   const std::function<void(std::uint64_t)>& sent);

  /// Posts and hands every record of the NDJSON reply to `on_record` as it comes; a false return ends the
  /// request, and so does `cancelled` becoming true. A record with "error" is thrown. Returns false when the
  /// request was ended early.
  bool stream(const std::string& path, const nlohmann::ordered_json& body,
              const std::function<bool(const nlohmann::ordered_json&)>& on_record,
              const std::atomic<bool>* cancelled = nullptr);

  const std::string& base_url() const noexcept { return client_.base_url(); }

 private:
  http::ClientRequest with_proof(http::ClientRequest request) const;
  http::ClientResponse send(http::ClientRequest request);

  http::Client client_;
  std::optional<store::Identity> identity_;  // set when requests are to be signed
};

}  // namespace axllama::cli
