#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace axllama::http {

struct ClientRequest {
  std::string method = "GET";
  std::string path;  // "/api/tags"
  std::string body = {};
  std::string content_type = "application/json";  // sent when there is a body
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct ClientResponse {
  int status = 0;
  std::string content_type;
  std::string body;          // of a stream: only when the status is 400 or more
  bool ended_early = false;  // by the line callback or by `cancelled`
};

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  /// Longest wait for the next byte of an answer; unset: none (a long prompt may take minutes).
  std::optional<std::chrono::milliseconds> silence_timeout = {};
  std::string user_agent = "axllama";
};

/// HTTP client of the command line; keeps its connection between requests. One thread at a time.
///
/// Errors of the connection are thrown as Error (kUnavailable): nobody listens (the sentence says how to
/// start the server), the connection broke before the answer was complete, or silence. Statuses are not
/// errors here.
class Client {
 public:
  /// `base_url` as Endpoint::base_url() makes it.
  explicit Client(std::string base_url, ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The whole answer. `cancelled` is looked at several times a second.
  ClientResponse request(const ClientRequest& request, const std::atomic<bool>* cancelled = nullptr);

  /// Hands over each line of the answer as it arrives, without its line break, empty lines left out. A false
  /// return closes the connection, which ends the work on the server.
  ClientResponse stream(const ClientRequest& request, const std::function<bool(std::string_view)>& on_line,
                        const std::atomic<bool>* cancelled = nullptr);

  const std::string& base_url() const noexcept { return base_url_; }

 private:
  struct Impl;
  std::string base_url_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace axllama::http
