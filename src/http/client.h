#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace axllama::http {

/// What came back. `body` is empty for requests that were given a line callback and answered with a 2xx
/// status.
struct ClientResponse {
  int status = 0;
  std::string content_type;
  std::string body;
  bool cancelled = false;  // ended by the callback or the flag; the rest was not read
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  std::string body;  // sent as application/json when not empty
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds timeout{0};  // for the whole exchange; 0: none
  /// Called with each line of a 2xx answer as it arrives, without its end; false ends the request.
  std::function<bool(std::string_view)> on_line;
  const std::atomic<bool>* cancel = nullptr;  // looked at several times a second; may be null
};

/// Performs one request (libcurl; honours no proxy for loopback addresses). Throws Error: kUnavailable when
/// no connection can be made (the sentence names the address and how to start a server), kCancelled never
/// (see ClientResponse), kInternal when the connection breaks in the middle of the answer, kResourceExhausted
/// for a line longer than 64 MiB. Any thread.
ClientResponse perform(const ClientRequest& request);

}  // namespace axllama::http
