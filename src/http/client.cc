#include "http/client.h"

#include <array>
#include <exception>
#include <optional>
#include <utility>

#include "base/error.h"
#include "http/curl_support.h"
#include "http/line_splitter.h"

namespace axllama::http {
namespace {

using base::Error;
using base::ErrorCode;

/// One exchange: what libcurl's callbacks fill.
struct Transfer {
  CURL* easy = nullptr;
  std::optional<LineSplitter> lines;  // none: collect the body
  ClientResponse response;
  std::exception_ptr failure;
  TransferWatch watch;

  bool collects_body() {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return !lines || status >= 400;
  }

  /// False ends the transfer.
  bool receive(std::string_view bytes) {
    watch.last_byte = std::chrono::steady_clock::now();
    if (collects_body()) {
      response.body += bytes;
      return true;
    }
    response.ended_early = !lines->push(bytes);
    return !response.ended_early;
  }
};

std::size_t on_bytes(char* data, std::size_t size, std::size_t count, void* transfer_pointer) {
  auto& transfer = *static_cast<Transfer*>(transfer_pointer);
  try {
    return transfer.receive({data, size * count}) ? size * count : CURL_WRITEFUNC_ERROR;
  } catch (...) {  // must not cross the C library
    transfer.failure = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

}  // namespace

struct Client::Impl {
  ClientOptions options;
  MultiHandle multi;

  ClientResponse run(const std::string& base_url, const ClientRequest& request,
                     const std::function<bool(std::string_view)>* on_line,
                     const std::atomic<bool>* cancelled) const;
};

namespace {

[[noreturn]] void throw_connection_error(CURLcode code, const std::string& base_url, const char* detail) {
  const std::string reason = *detail != '\0' ? detail : curl_easy_strerror(code);
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      throw Error(
          ErrorCode::kUnavailable,
          "could not connect to the server at " + base_url + ", is it running? start it with: axllama serve",
          reason);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      throw Error(
          ErrorCode::kInvalidArgument,
          "the server's address " + base_url + " does not lead anywhere (" + reason + "); check OLLAMA_HOST");
    case CURLE_OPERATION_TIMEDOUT:
      throw Error(ErrorCode::kUnavailable, "the server at " + base_url + " did not answer in time", reason);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
      throw Error(ErrorCode::kUnavailable,
                  "the server at " + base_url + " ended the connection before its answer was complete",
                  reason);
    default:
      throw Error(ErrorCode::kUnavailable, "talking to the server at " + base_url + " failed: " + reason);
  }
}

}  // namespace

ClientResponse Client::Impl::run(const std::string& base_url, const ClientRequest& request,
                                 const std::function<bool(std::string_view)>* on_line,
                                 const std::atomic<bool>* cancelled) const {
  const EasyHandle easy = make_easy_handle();
  CURL* const handle = easy.get();
  Transfer transfer;
  transfer.easy = handle;
  if (on_line != nullptr) {
    transfer.lines.emplace(*on_line);
  }
  transfer.watch.cancelled = cancelled;
  transfer.watch.silence_timeout = options.silence_timeout;
  std::array<char, CURL_ERROR_SIZE> detail{};
  const std::string url = base_url + request.path;
  HeaderList headers;
  for (const auto& [name, value] : request.headers) {
    append_header(headers, name + ": " + value);
  }
  if (!request.body.empty() || request.method == "POST") {
    append_header(headers, "Content-Type: " + request.content_type);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_bytes);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  choose_proxy(handle, base_url);

  const std::optional<CURLcode> code = run_transfer(multi.get(), handle, transfer.watch);
  if (transfer.failure) {
    std::rethrow_exception(transfer.failure);
  }
  if (!code || transfer.response.ended_early) {
    transfer.response.ended_early = true;
  } else if (*code != CURLE_OK) {
    throw_connection_error(*code, base_url, detail.data());
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = static_cast<int>(status);
  const char* content_type = nullptr;
  curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &content_type);
  transfer.response.content_type = content_type == nullptr ? "" : content_type;
  if (!transfer.response.ended_early && transfer.lines && !transfer.lines->finish()) {
    transfer.response.ended_early = true;
  }
  return std::move(transfer.response);
}

Client::Client(std::string base_url, ClientOptions options) : base_url_(std::move(base_url)) {
  impl_ = std::make_unique<Impl>(Impl{std::move(options), make_multi_handle()});
}

Client::~Client() = default;

ClientResponse Client::request(const ClientRequest& request, const std::atomic<bool>* cancelled) {
  return impl_->run(base_url_, request, nullptr, cancelled);
}

ClientResponse Client::stream(const ClientRequest& request,
                              const std::function<bool(std::string_view)>& on_line,
                              const std::atomic<bool>* cancelled) {
  return impl_->run(base_url_, request, &on_line, cancelled);
}

}  // namespace axllama::http
