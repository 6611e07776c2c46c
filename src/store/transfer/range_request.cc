#include "store/transfer/range_request.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <thread>

#include "base/error.h"
#include "telemetry/log.h"

namespace axllama::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::chrono::milliseconds kLongestPause{60'000};
constexpr int kFirstContactRetries = 2;
constexpr std::chrono::milliseconds kSlice{20};  // how late a stop may be noticed

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Pauses that double, and the end of patience.
class Retries {
 public:
  Retries(const TransferOptions& options, const std::atomic<bool>& stopped)
      : left_(options.retries), pause_(options.backoff), stopped_(stopped) {}

  bool left() const noexcept { return left_ > 0; }
  void pause(const http::FetchHead* answer) {
    --left_;
    std::chrono::milliseconds wait = pause_;
    const std::string* asked = answer == nullptr ? nullptr : answer->headers.find("Retry-After");
    if (asked != nullptr) {
      if (const auto seconds = number(*asked))
        wait = std::chrono::seconds(std::min<std::uint64_t>(*seconds, 60));
    }
    pause_ = std::min(pause_ * 2, kLongestPause);
    const auto end = std::chrono::steady_clock::now() + wait;
    while (std::chrono::steady_clock::now() < end) {
      if (stopped_) throw Error(ErrorCode::kCancelled, "request canceled");
      std::this_thread::sleep_for(std::min(kSlice, wait));
    }
  }
  void renewed() { renewed_ = true; }
  bool may_renew() const noexcept { return !renewed_; }

 private:
  int left_;
  std::chrono::milliseconds pause_;
  const std::atomic<bool>& stopped_;
  bool renewed_ = false;
};

[[noreturn]] void fail_size(const std::string& url, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument,
              url + " " + what + "; the file has changed or the server is wrong");
}

/// One try.
class Attempt {
 public:
  Attempt(const RangeRequest& range, std::uint64_t at) : range_(range), at_(at) {}

  void take(const http::FetchHead& head, std::string_view bytes) {
    if (!begun_) begin(head);
    const std::uint64_t end = whole_ ? range_.size : range_.end;
    if (at_ + bytes.size() > end) {
      fail_size(range_.url, "sends more than the " + std::to_string(range_.size) + " bytes announced");
    }
    range_.take(at_, bytes);
    at_ += bytes.size();
  }
  std::uint64_t at() const noexcept { return at_; }
  bool whole() const noexcept { return whole_; }
  bool complete() const noexcept { return at_ == (whole_ ? range_.size : range_.end); }

 private:
  void begin(const http::FetchHead& head) {
    begun_ = true;
    whole_ = head.status != 206;
    if (whole_) {
      if (at_ > range_.begin) range_.on_restart(at_ - range_.begin);
      at_ = 0;
      const std::string* length = head.headers.find("Content-Length");
      if (length != nullptr && number(*length) != range_.size) {
        fail_size(range_.url,
                  "has " + *length + " bytes instead of the " + std::to_string(range_.size) + " announced");
      }
    } else {
      check_range(head);
    }
    range_.on_begin(whole_);
  }

  /// "bytes 0-99/1000"
  void check_range(const http::FetchHead& head) const {
    const std::string* field = head.headers.find("Content-Range");
    const std::string text = field == nullptr ? "" : *field;
    const auto space = text.find(' ');
    const auto dash = text.find('-', space);
    const auto slash = text.find('/', dash);
    const bool formed = space != std::string::npos && dash != std::string::npos && slash != std::string::npos;
    const auto begin = formed ? number(text.substr(space + 1, dash - space - 1)) : std::nullopt;
    const auto size = formed ? number(text.substr(slash + 1)) : std::nullopt;
    if (begin != at_ || (size && size != range_.size)) {
      fail_size(range_.url, "sends the range \"" + text + "\" when asked for " + std::to_string(at_) +
                                " of " + std::to_string(range_.size) + " bytes");
    }
  }

  const RangeRequest& range_;
  std::uint64_t at_;
  bool begun_ = false;
  bool whole_ = false;
};

}  // namespace

bool fetch_range(http::Fetcher& fetcher, const RangeRequest& range, Authorization& authorization,
                 const TransferOptions& options, const std::atomic<bool>& stopped) {
  Retries retries(options, stopped);
  std::uint64_t at = range.begin;
  while (true) {
    Attempt attempt(range, at);
    http::FetchRequest request{.url = range.url, .headers = authorization.headers()};
    request.headers.emplace_back("Range",
                                 "bytes=" + std::to_string(at) + "-" + std::to_string(range.end - 1));
    request.headers.emplace_back("Accept-Encoding", "identity");
    request.on_body = [&attempt](const http::FetchHead& head, std::string_view bytes) {
      attempt.take(head, bytes);
    };
    std::optional<http::FetchResponse> response;
    std::string problem;
    try {
      response = fetcher.fetch(request, &stopped);
      if (attempt.complete()) return attempt.whole();
      problem = "status " + std::to_string(response->head.status);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnavailable || !retries.left()) throw;
      problem = error.message();
    }
    if (response) {
      const int status = response->head.status;
      if (status == 401 && retries.may_renew() && authorization.renew(response->head)) {
        retries.renewed();
        continue;
      }
      const bool cut = status >= 200 && status < 300;
      if (status == 416)
        fail_size(range.url, "is shorter than the " + std::to_string(range.size) + " bytes announced");
      if (!cut && (!is_transient(status) || !retries.left())) throw_status(*response, authorization);
      if (cut && !retries.left()) {
        throw Error(ErrorCode::kUnavailable,
                    range.url + " ends before its " + std::to_string(range.size) + " bytes");
      }
    }
    telemetry::log(telemetry::LogLevel::kDebug, "a part is fetched again",
                   {{"url", range.url}, {"why", problem}});
    if (attempt.whole()) {
      range.on_restart(attempt.at());  // such a server begins at the beginning again
      at = range.begin;
    } else {
      at = attempt.at();
    }
    retries.pause(response ? &response->head : nullptr);
  }
}

http::FetchResponse fetch_patiently(http::Fetcher& fetcher, http::FetchRequest request,
                                    Authorization& authorization, const TransferOptions& options,
                                    Contact contact, const std::atomic<bool>& stopped) {
  Retries retries(options, stopped);
  int unreachable_left = contact == Contact::kFirst ? kFirstContactRetries : options.retries;
  const HeaderFields own = request.headers;
  while (true) {
    request.headers = own;
    for (auto& field : authorization.headers()) request.headers.push_back(std::move(field));
    std::optional<http::FetchResponse> response;
    try {
      response = fetcher.fetch(request, &stopped);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kUnavailable || !retries.left() || unreachable_left-- == 0) throw;
    }
    if (response) {
      unreachable_left = options.retries;
      const int status = response->head.status;
      if (status == 401 && retries.may_renew() && authorization.renew(response->head)) {
        retries.renewed();
        continue;
      }
      if (!is_transient(status) || !retries.left()) return std::move(*response);
    }
    retries.pause(response ? &response->head : nullptr);
  }
}

}  // namespace axllama::store
