#include "http/socket_response.h"

#include <array>
#include <charconv>
#include <ctime>
#include <stdexcept>

#include "http/status.h"

namespace axllama::http {
namespace {

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), length};
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  for (const char c : value) {
    head += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  }
  head += "\r\n";
}

}  // namespace

void SocketResponse::set_header(std::string name, std::string value) {
  if (started()) {
    throw std::logic_error("the header field " + name + " comes after the answer has begun");
  }
  headers_.set(std::move(name), std::move(value));
}

std::string SocketResponse::make_head(int status, std::string_view content_type) const {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  head += reason_phrase(status);
  head += "\r\n";
  if (!content_type.empty()) {
    append_field(head, "Content-Type", content_type);
  }
  append_field(head, "Date", http_date());
  append_field(head, "X-Request-Id", form_.request_id);
  for (const auto& [name, value] : headers_) {
    append_field(head, name, value);
  }
  if (!form_.keep_alive) {
    append_field(head, "Connection", "close");
  } else if (form_.http_1_0) {
    append_field(head, "Connection", "keep-alive");
  }
  return head;
}

Awaitable<void> SocketResponse::send(std::string_view bytes) {
  sending_ = true;
  co_await socket_.write(bytes);
  sending_ = false;
  bytes_sent_ += bytes.size();
}

std::string_view SocketResponse::probe() const noexcept {
  if (form_.http_1_0 || sending_) {
    return {};
  }
  if (state_ == State::kIdle) {
    return "HTTP/1.1 100 Continue\r\n\r\n";
  }
  return state_ == State::kStreaming && pending_head_.empty() ? "0" : std::string_view();
}

Awaitable<void> SocketResponse::respond(int status, std::string_view content_type, std::string_view body) {
  if (started()) {
    throw std::logic_error("a second answer to one request");
  }
  state_ = State::kStreaming;
  status_ = status;
  std::string bytes = make_head(status, content_type);
  if (status != 204) {
    append_field(bytes, "Content-Length", std::to_string(body.size()));
  }
  bytes += "\r\n";
  if (!form_.head_only && status != 204) {
    bytes += body;
  }
  co_await send(bytes);
  state_ = State::kFinished;
}

void SocketResponse::start_stream(int status, std::string_view content_type) {
  if (started()) {
    throw std::logic_error("a second answer to one request");
  }
  if (form_.http_1_0) {
    form_.keep_alive = false;
  }
  state_ = State::kStreaming;
  status_ = status;
  pending_head_ = make_head(status, content_type);
  if (!form_.http_1_0) {
    append_field(pending_head_, "Transfer-Encoding", "chunked");
  }
  pending_head_ += "\r\n";
}

void SocketResponse::append_chunk(std::string& out, std::string_view records) const {
  if (records.empty() || form_.head_only) {
    return;
  }
  if (form_.http_1_0) {
    out += records;
    return;
  }
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), records.size(), 16).ptr;
  out.append(size.data(), end);
  out += "\r\n";
  out += records;
  out += "\r\n";
}

Awaitable<void> SocketResponse::write(std::string_view records) {
  if (state_ != State::kStreaming) {
    throw std::logic_error("a record outside a stream");
  }
  std::string bytes = std::move(pending_head_);
  pending_head_.clear();
  append_chunk(bytes, records);
  co_await send(bytes);
}

Awaitable<void> SocketResponse::finish(std::string_view records) {
  if (state_ != State::kStreaming) {
    throw std::logic_error("the end of a stream that has not begun");
  }
  std::string bytes = std::move(pending_head_);
  pending_head_.clear();
  append_chunk(bytes, records);
  if (!form_.http_1_0 && !form_.head_only) {
    bytes += "0\r\n\r\n";
  }
  co_await send(bytes);
  state_ = State::kFinished;
}

}  // namespace axllama::http
