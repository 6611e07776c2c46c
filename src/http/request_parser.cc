#include "http/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "base/error.h"
#include "http/status.h"
#include "http/url.h"

namespace axllama::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::string_view;
using ErrorCode = boost::beast::error_code;

constexpr int kMaxLeadingLineBreaks = 4;

}  // namespace

/// Beast's parser does the syntax; the callbacks below collect a Request.
struct RequestParser::Impl final : beast_http::basic_parser<true> {
  Request request;
  std::optional<Failure> failure;
  std::uint64_t body_bytes = 0;
  std::uint64_t leading_line_breaks = 0;
  std::size_t line_limit = 0;  // of what cannot be used before more arrives
  bool in_header = true;
  bool discard = false;
  int version = 11;

  void fail(int status, std::string message) {
    if (!failure) {
      failure = Failure{status, std::move(message)};
    }
  }

  void check_header() {
    request.version = version;
    auto target = http::parse_target(request.target);
    if (!target) {
      fail(400, "the request target is neither a path nor a URL");
      return;
    }
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    if (version == 11 && request.headers.count("Host") != 1) {
      fail(400, "an HTTP/1.1 request needs exactly one Host header");
      return;
    }
    if (request.headers.count("Transfer-Encoding") > 0 && !chunked()) {
      fail(501, "the only supported transfer encoding is chunked");
      return;
    }
    const std::string* expect = request.headers.find("Expect");
    if (expect != nullptr && !equals_ignoring_case(trim(*expect), "100-continue")) {
      fail(417, "the only supported expectation is 100-continue");
    }
  }

  // What basic_parser calls.
  void on_request_impl(beast_http::verb, string_view method, string_view target, int http_version,
                       ErrorCode&) override {
    version = http_version;
    request.method.assign(method.data(), method.size());
    request.target.assign(target.data(), target.size());
  }
  void on_response_impl(int, string_view, int, ErrorCode&) override {}
  void on_field_impl(beast_http::field, string_view name, string_view value, ErrorCode&) override {
    if (in_header) {  // trailers say nothing this server needs
      request.headers.add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    }
  }
  void on_header_impl(ErrorCode&) override {
    in_header = false;
    check_header();
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(string_view body, ErrorCode&) override {
    body_bytes += body.size();
    if (discard || failure) {
      return body.size();
    }
    if (!request.body_sink) {
      request.body.append(body.data(), body.size());
      return body.size();
    }
    try {  // an exception must not pass through Beast
      request.body_sink->write({body.data(), body.size()});
    } catch (const base::Error& error) {
      fail(status_of(error.code()), error.message());
    }
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, ErrorCode& error) override {
    return on_body_impl(body, error);
  }
  void on_finish_impl(ErrorCode&) override {}
};

RequestParser::RequestParser(std::size_t header_limit) : impl_(std::make_unique<Impl>()) {
  impl_->header_limit(static_cast<std::uint32_t>(header_limit));
  impl_->line_limit = header_limit;
  impl_->body_limit(boost::none);  // the owner counts: it knows the route's limit
}

RequestParser::~RequestParser() = default;

std::size_t RequestParser::parse(std::string_view bytes) {
  std::size_t used = 0;
  if (!impl_->got_some()) {
    // A client may send a line break after its last body (RFC 9112, section 2.2).
    while (used < bytes.size() && (bytes[used] == '\r' || bytes[used] == '\n')) {
      if (++impl_->leading_line_breaks > 2 * kMaxLeadingLineBreaks) {
        impl_->fail(400, "malformed request: it begins with empty lines");
        return used;
      }
      ++used;
    }
  }
  const bool header_was_done = impl_->is_header_done();
  impl_->eager(header_was_done);
  while (used < bytes.size() && !impl_->failure && !impl_->is_done()) {
    ErrorCode error;
    const std::size_t taken =
        impl_->put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), error);
    used += taken;
    if (error == beast_http::error::need_more) {
      if (bytes.size() - used > impl_->line_limit) {
        impl_->fail(431, "a chunk's header or the trailer is too large");
      }
      break;
    }
    if (error == beast_http::error::header_limit) {
      impl_->fail(431, "the request header is too large");
      break;
    }
    if (error == beast_http::error::bad_version) {
      impl_->fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
      break;
    }
    if (error) {
      impl_->fail(400, "malformed request: " + error.message());
      break;
    }
    if (impl_->is_header_done() && !header_was_done) {
      break;
    }
    if (taken == 0) {
      break;
    }
  }
  return used;
}

const std::optional<RequestParser::Failure>& RequestParser::failure() const noexcept {
  return impl_->failure;
}

bool RequestParser::header_done() const noexcept {
  return impl_->is_header_done();
}

bool RequestParser::done() const noexcept {
  return impl_->is_done();
}

Request& RequestParser::request() noexcept {
  return impl_->request;
}

bool RequestParser::keep_alive() const noexcept {
  return impl_->keep_alive();
}

bool RequestParser::expects_continue() const noexcept {
  return impl_->version == 11 && impl_->request.headers.count("Expect") > 0;
}

std::optional<std::uint64_t> RequestParser::content_length() const noexcept {
  const auto length = impl_->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

std::uint64_t RequestParser::body_bytes() const noexcept {
  return impl_->body_bytes;
}

void RequestParser::discard_body() noexcept {
  impl_->discard = true;
  impl_->request.body.clear();
  impl_->request.body_sink.reset();
}

}  // namespace axllama::http
