#include "http/fetch.h"

#include <array>
#include <charconv>
#include <exception>

#include "base/error.h"
#include "http/curl_support.h"

namespace axllama::http {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kMostCollected = 64UL * 1024 * 1024;
constexpr std::size_t kMostErrorBody = 16UL * 1024;
constexpr long kMostRedirects = 10;

/// One exchange: what libcurl's callbacks fill.
struct Exchange {
  const FetchRequest& request;
  FetchResponse response = {};
  TransferWatch watch = {};
  std::exception_ptr failure = {};

  bool succeeded() const { return response.head.status >= 200 && response.head.status < 300; }

  void take_header(std::string_view line) {
    watch.last_byte = std::chrono::steady_clock::now();
    if (line.starts_with("HTTP/")) {  // the next answer, after a redirect or an interim one
      response.head = {};
      const auto space = line.find(' ');
      if (space != std::string_view::npos) {
        std::from_chars(line.data() + space + 1, line.data() + line.size(), response.head.status);
      }
      return;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view value = line.substr(colon + 1);
    const auto last = value.find_last_not_of("\r\n");
    response.head.headers.add(std::string(line.substr(0, colon)),
                              std::string(trim(value.substr(0, last == value.npos ? 0 : last + 1))));
  }

  void take_body(std::string_view bytes) {
    watch.last_byte = std::chrono::steady_clock::now();
    if (succeeded() && request.on_body) {
      request.on_body(response.head, bytes);
      return;
    }
    if (!succeeded()) {
      response.body += bytes.substr(0, kMostErrorBody - std::min(kMostErrorBody, response.body.size()));
      return;
    }
    response.body += bytes;
    if (response.body.size() > kMostCollected) {
      throw Error(ErrorCode::kInvalidArgument,
                  request.url + " answers with more than " + std::to_string(kMostCollected) + " bytes");
    }
  }
};

/// Exceptions must not cross the C library.
template <typename Work>
bool guarded(Exchange& exchange, Work work) {
  try {
    work();
    return true;
  } catch (...) {
    exchange.failure = std::current_exception();
    return false;
  }
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* pointer) {
  auto& exchange = *static_cast<Exchange*>(pointer);
  return guarded(exchange, [&] { exchange.take_header({data, size * count}); }) ? size * count : 0;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* pointer) {
  auto& exchange = *static_cast<Exchange*>(pointer);
  return guarded(exchange, [&] { exchange.take_body({data, size * count}); }) ? size * count
                                                                              : CURL_WRITEFUNC_ERROR;
}

std::size_t on_upload(char* data, std::size_t size, std::size_t count, void* pointer) {
  auto& exchange = *static_cast<Exchange*>(pointer);
  exchange.watch.last_byte = std::chrono::steady_clock::now();
  std::size_t filled = 0;
  return guarded(exchange, [&] { filled = exchange.request.upload(data, size * count); })
             ? filled
             : static_cast<std::size_t>(CURL_READFUNC_ABORT);
}

std::string host_of(const std::string& url) {
  const auto begin = url.find("://");
  const std::string rest = begin == std::string::npos ? url : url.substr(begin + 3);
  return rest.substr(0, rest.find_first_of("/?"));
}

[[noreturn]] void throw_transfer_error(CURLcode code, const std::string& url, const char* detail) {
  const std::string reason = *detail != '\0' ? detail : curl_easy_strerror(code);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    throw Error(ErrorCode::kInvalidArgument, "\"" + url + "\" is not an address: " + reason);
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    throw Error(ErrorCode::kUnavailable, host_of(url) + " does not answer", reason);
  }
  throw Error(ErrorCode::kUnavailable, "the connection to " + host_of(url) + " failed: " + reason);
}

void set_method(CURL* handle, const FetchRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.upload) {
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.upload_size));
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

}  // namespace

struct Fetcher::Impl {
  FetchOptions options;
  MultiHandle multi = make_multi_handle();
};

Fetcher::Fetcher(FetchOptions options) : impl_(std::make_unique<Impl>(Impl{std::move(options)})) {}

Fetcher::~Fetcher() = default;

FetchResponse Fetcher::fetch(const FetchRequest& request, const std::atomic<bool>* cancelled) {
  const EasyHandle easy = make_easy_handle();
  CURL* const handle = easy.get();
  Exchange exchange{.request = request};
  exchange.watch.cancelled = cancelled;
  exchange.watch.silence_timeout = impl_->options.silence_timeout + impl_->options.connect_timeout;
  std::array<char, CURL_ERROR_SIZE> detail{};
  HeaderList headers;
  for (const auto& [name, value] : request.headers) append_header(headers, name + ": " + value);
  append_header(headers, "Expect:");  // no round trip before each upload
  set_method(handle, request);
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, kMostRedirects);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, impl_->options.user_agent.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(impl_->options.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, &on_upload);
  curl_easy_setopt(handle, CURLOPT_READDATA, &exchange);
  choose_proxy(handle, request.url);

  const std::optional<CURLcode> code = run_transfer(impl_->multi.get(), handle, exchange.watch);
  if (exchange.failure) std::rethrow_exception(exchange.failure);
  if (!code) throw Error(ErrorCode::kCancelled, "request canceled");
  if (*code != CURLE_OK) throw_transfer_error(*code, request.url, detail.data());
  const char* url = nullptr;
  curl_easy_getinfo(handle, CURLINFO_EFFECTIVE_URL, &url);
  exchange.response.url = url == nullptr ? request.url : url;
  return std::move(exchange.response);
}

}  // namespace axllama::http
