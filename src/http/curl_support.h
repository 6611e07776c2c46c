#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

namespace axllama::http {

template <typename T, auto Free>
struct CurlDeleter {
  void operator()(T* pointer) const { Free(pointer); }
};
using EasyHandle = std::unique_ptr<CURL, CurlDeleter<CURL, curl_easy_cleanup>>;
using MultiHandle = std::unique_ptr<CURLM, CurlDeleter<CURLM, curl_multi_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, CurlDeleter<curl_slist, curl_slist_free_all>>;

/// Prepares the library, once; the handle keeps connections between transfers. Throws std::bad_alloc.
MultiHandle make_multi_handle();
/// Throws std::bad_alloc.
EasyHandle make_easy_handle();
void append_header(HeaderList& list, const std::string& line);

/// When a transfer must end before it is complete.
struct TransferWatch {
  const std::atomic<bool>* cancelled = nullptr;  // looked at several times a second
  std::optional<std::chrono::milliseconds> silence_timeout = {};
  /// Of the last byte, kept by the transfer's callbacks.
  std::chrono::steady_clock::time_point last_byte = std::chrono::steady_clock::now();
};

/// Runs one transfer to its end: curl's verdict, or empty when it was cancelled. Silence is
/// CURLE_OPERATION_TIMEDOUT. Throws Error (kInternal) when the library fails, and what callbacks throw.
std::optional<CURLcode> run_transfer(CURLM* multi, CURL* easy, const TransferWatch& watch);

/// Sends a transfer through the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY, NO_PROXY, also in
/// lower case); never one to this machine.
void choose_proxy(CURL* easy, const std::string& url);

}  // namespace axllama::http
