#include "http/client.h"

#include <array>
#include <exception>
#include <utility>

#include "base/error.h"
#include "http/curl_support.h"

namespace axllama::http {
namespace {

constexpr std::size_t kMaxLineBytes = 64UL * 1024 * 1024;

using base::Error;
using base::ErrorCode;

/// One exchange: what libcurl's callbacks fill.
struct Transfer {
  CURL* easy = nullptr;
  const std::function<bool(std::string_view)>* on_line = nullptr;  // null: collect the body
  ClientResponse response;
  std::string line;
  std::exception_ptr failure;
  TransferWatch watch;

  bool collects_body() {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return on_line == nullptr || status >= 400;
  }

  /// False ends the transfer.
  bool take_line(std::string_view text) {
    if (text.ends_with('\r')) {
      text.remove_suffix(1);
    }
    return text.empty() || (*on_line)(text);
  }

  bool receive(std::string_view bytes) {
    watch.last_byte = std::chrono::steady_clock::now();
    if (collects_body()) {
      response.body += bytes;
      return true;
    }
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      line += bytes.substr(0, end);
      if (line.size() > kMaxLineBytes) {
        throw Error(ErrorCode::kInvalidArgument,
                    "the server sent a line of more than " + std::to_string(kMaxLineBytes) + " bytes");
      }
      if (end == std::string_view::npos) {
        return true;
      }
      bytes.remove_prefix(end + 1);
      const std::string complete = std::exchange(line, {});
      if (!take_line(complete)) {
        response.ended_early = true;
        return false;
      }
    }
    return true;
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
  transfer.on_line = on_line;
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
  if (is_loopback_url(base_url)) {
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  }

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
  if (!transfer.response.ended_early && !transfer.line.empty() && !transfer.take_line(transfer.line)) {
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
