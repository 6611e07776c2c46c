#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/headers.h"

namespace axllama::http {

/// The beginning of an answer.
struct FetchHead {
  int status = 0;
  Headers headers;
};

struct FetchRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  /// Instead of `body`: fills the buffer and returns how many bytes it wrote, `upload_size` in all.
  std::function<std::size_t(char*, std::size_t)> upload = {};
  std::uint64_t upload_size = 0;
  /// Takes the body of an answer with status 2xx piece by piece; what it throws ends the transfer and comes
  /// out of fetch(). Unset: the body is collected.
  std::function<void(const FetchHead&, std::string_view)> on_body = {};
  bool follow_redirects = true;
};

struct FetchResponse {
  FetchHead head;    // of the last answer, when there were redirects
  std::string body;  // unless `on_body` took it; of errors no more than a few kilobytes
  std::string url;   // where it came from in the end
};

struct FetchOptions {
  std::chrono::milliseconds connect_timeout{30'000};
  std::chrono::milliseconds silence_timeout{30'000};  // longest wait for the next byte
  std::string user_agent = "axllama";
};

/// Requests to any host, with redirects and the proxies of the environment (http_proxy, https_proxy,
/// no_proxy). Credentials in headers are not sent on to another host. Keeps connections. One thread at a
/// time.
class Fetcher {
 public:
  explicit Fetcher(FetchOptions options = {});
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  /// Statuses are not errors here. Throws Error: kUnavailable with a sentence naming the host when the
  /// connection cannot be made, breaks, or is silent; kCancelled; kInvalidArgument for an unusable URL.
  FetchResponse fetch(const FetchRequest& request, const std::atomic<bool>* cancelled = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace axllama::http
