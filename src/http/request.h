#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/headers.h"

namespace axllama::http {

/// Takes a body piece by piece as it arrives, on the connection's thread: `write` must not take long.
class BodySink {
 public:
  BodySink() = default;
  virtual ~BodySink() = default;
  BodySink(const BodySink&) = delete;
  BodySink& operator=(const BodySink&) = delete;
  virtual void write(std::string_view bytes) = 0;
};

/// A request that was read to its end.
struct Request {
  std::string method;  // "GET"
  std::string target;  // as sent: "/api/tags?x=1"
  std::string path;    // percent-decoded, without the query: "/api/tags"
  std::string query;   // as sent, without the question mark
  int version = 11;    // 10 or 11
  Headers headers;
  std::string body;
  std::shared_ptr<BodySink> body_sink;  // took the body, if the route has one
  std::vector<std::pair<std::string, std::string>>
      path_parameters;  // what ":name" and "*name" of the route stood for

  std::string id;              // for logs and answers
  std::string remote_address;  // "127.0.0.1"
  std::chrono::steady_clock::time_point received_at;
  /// Becomes true when the client has gone. Handlers are unwound at their next co_await by themselves; this
  /// flag is for work on other threads. Never null.
  std::shared_ptr<std::atomic<bool>> client_gone = std::make_shared<std::atomic<bool>>(false);

  /// Value of ":name" or "*name"; empty when the route has no such part.
  std::string_view path_parameter(std::string_view name) const noexcept;
  /// First value of a name in the query, decoded.
  std::optional<std::string> query_parameter(std::string_view name) const;
};

}  // namespace axllama::http
