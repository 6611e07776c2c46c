#include "http/client.h"

#include <memory>
#include <mutex>
#include <utility>

#include <curl/curl.h>

#include "base/error.h"

namespace axllama::http {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kMaxLine = std::size_t{64} << 20U;

struct HandleDeleter {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct HeaderListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// What the callbacks of one transfer see.
struct Transfer {
  const ClientRequest* request = nullptr;
  CURL* handle = nullptr;
  ClientResponse response;
  std::string line;  // begun but not ended
  bool line_too_long = false;

  bool streaming() const {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return request->on_line && status >= 200 && status < 300;
  }

  /// Hands complete lines on; false ends the transfer.
  bool take_lines(std::string_view data) {
    while (!data.empty()) {
      const auto end = data.find('\n');
      line += data.substr(0, end);
      if (line.size() > kMaxLine) {
        line_too_long = true;
        return false;
      }
      if (end == std::string_view::npos) return true;
      data.remove_prefix(end + 1);
      if (!give_line()) return false;
    }
    return true;
  }

  bool give_line() {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const bool go_on = request->on_line(line);
    line.clear();
    if (!go_on) response.cancelled = true;
    return go_on;
  }
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view bytes(data, size * count);
  if (!transfer.streaming()) {
    transfer.response.body += bytes;
    return bytes.size();
  }
  return transfer.take_lines(bytes) ? bytes.size() : CURL_WRITEFUNC_ERROR;
}

int on_progress(void* user, curl_off_t /*total*/, curl_off_t /*now*/, curl_off_t /*up*/,
                curl_off_t /*up_now*/) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.request->cancel == nullptr || !transfer.request->cancel->load()) return 0;
  transfer.response.cancelled = true;
  return 1;
}

void set_options(CURL* handle, const ClientRequest& request, curl_slist* headers, Transfer& transfer) {
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  if (request.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  if (!request.body.empty() || request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  if (request.method != "HEAD") curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

[[noreturn]] void throw_transfer_error(CURLcode code, const std::string& url) {
  const std::string reason = curl_easy_strerror(code);
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      throw Error(
          ErrorCode::kUnavailable,
          "could not connect to the server at " + url + ": is it running? Start it with: axllama serve",
          reason);
    case CURLE_OPERATION_TIMEDOUT:
      throw Error(ErrorCode::kUnavailable, "the server at " + url + " did not answer in time", reason);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      throw Error(ErrorCode::kInvalidArgument, url + " is not an address of a server", reason);
    default:
      throw Error(ErrorCode::kInternal, "the connection to " + url + " broke: " + reason);
  }
}

}  // namespace

ClientResponse perform(const ClientRequest& request) {
  static std::once_flag initialised;
  std::call_once(initialised, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });

  const std::unique_ptr<CURL, HandleDeleter> handle(curl_easy_init());
  if (handle == nullptr)
    throw Error(ErrorCode::kInternal, "the HTTP client library could not be initialised");
  // "Expect:" empty: no round trip before large bodies.
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  if (!request.body.empty()) list = curl_slist_append(list, "Content-Type: application/json");
  const std::unique_ptr<curl_slist, HeaderListDeleter> headers(list);

  Transfer transfer;
  transfer.request = &request;
  transfer.handle = handle.get();
  set_options(handle.get(), request, headers.get(), transfer);
  const CURLcode code = curl_easy_perform(handle.get());
  if (transfer.line_too_long) {
    throw Error(ErrorCode::kResourceExhausted, "the server at " + request.url + " sent a line of more than " +
                                                   std::to_string(kMaxLine) + " bytes");
  }
  if (!transfer.response.cancelled) {
    if (code != CURLE_OK) throw_transfer_error(code, request.url);
    if (!transfer.line.empty()) transfer.give_line();
  }
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = static_cast<int>(status);
  const char* content_type = nullptr;
  curl_easy_getinfo(handle.get(), CURLINFO_CONTENT_TYPE, &content_type);
  if (content_type != nullptr) transfer.response.content_type = content_type;
  return std::move(transfer.response);
}

}  // namespace axllama::http
