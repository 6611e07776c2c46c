#include "http/curl_support.h"

#include <cstdlib>
#include <mutex>
#include <new>

#include "base/error.h"
#include "http/endpoint.h"

namespace axllama::http {
namespace {

constexpr int kPollMilliseconds = 50;  // how late a cancellation may be noticed

/// A transfer's place among those of its multi handle.
class Attached {
 public:
  Attached(CURLM* multi, CURL* easy) : multi_(multi), easy_(easy) { curl_multi_add_handle(multi_, easy_); }
  ~Attached() { curl_multi_remove_handle(multi_, easy_); }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  CURLM* multi_;
  CURL* easy_;
};

}  // namespace

MultiHandle make_multi_handle() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  MultiHandle multi(curl_multi_init());
  if (!multi) throw std::bad_alloc();
  return multi;
}

EasyHandle make_easy_handle() {
  EasyHandle easy(curl_easy_init());
  if (!easy) throw std::bad_alloc();
  return easy;
}

void append_header(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(list.release());
  list.reset(longer);
}

std::optional<CURLcode> run_transfer(CURLM* multi, CURL* easy, const TransferWatch& watch) {
  const Attached attached(multi, easy);
  while (true) {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) {
      throw base::Error(base::ErrorCode::kInternal, "the HTTP client library failed");
    }
    int queued = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &queued)) {
      if (message->msg == CURLMSG_DONE && message->easy_handle == easy) return message->data.result;
    }
    if (watch.cancelled != nullptr && *watch.cancelled) return std::nullopt;
    if (watch.silence_timeout &&
        std::chrono::steady_clock::now() - watch.last_byte > *watch.silence_timeout) {
      return CURLE_OPERATION_TIMEDOUT;
    }
    curl_multi_poll(multi, nullptr, 0, kPollMilliseconds, nullptr);
  }
}

void choose_proxy(CURL* easy, const std::string& url) {
  const std::string host = parse_endpoint(url).endpoint.host;
  if (host == "localhost" || host == "::1" || host.starts_with("127.")) {
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    return;
  }
  // The library itself looks at all of them but this one, which a web server could have set from a header.
  const char* proxy = std::getenv("HTTP_PROXY");
  const bool is_safe = std::getenv("REQUEST_METHOD") == nullptr;
  if (url.starts_with("http://") && proxy != nullptr && is_safe && std::getenv("http_proxy") == nullptr) {
    curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
  }
}

}  // namespace axllama::http
