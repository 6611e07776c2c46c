#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/client_socket.h"
#include "http/headers.h"
#include "http/response_writer.h"

namespace axllama::http {

/// The answer to one request, written to its socket.
class SocketResponse final : public ResponseWriter {
 public:
  /// What of the request shapes the answer's form.
  struct Form {
    bool head_only = false;  // HEAD: no body
    bool http_1_0 = false;   // no chunks: a stream ends with the connection
    bool keep_alive = true;
    std::string request_id;
  };

  SocketResponse(ClientSocket& socket, Form form) : socket_(socket), form_(std::move(form)) {}

  void set_header(std::string name, std::string value) override;
  Awaitable<void> respond(int status, std::string_view content_type, std::string_view body) override;
  void start_stream(int status, std::string_view content_type) override;
  Awaitable<void> write(std::string_view records) override;
  Awaitable<void> finish(std::string_view records) override;
  bool started() const noexcept override { return state_ != State::kIdle; }

  /// Bytes without meaning that fit at this point of the answer, to find out whether the client still reads:
  /// an interim answer before it, a leading zero of the next chunk's size within a stream. Empty: none fit.
  std::string_view probe() const noexcept;
  /// The answer is complete: another may follow on the connection.
  bool finished() const noexcept { return state_ == State::kFinished; }
  bool keep_alive() const noexcept { return form_.keep_alive; }
  /// Says in the answer that the connection ends with it; only before it begins.
  void close_after() noexcept { form_.keep_alive = false; }
  int status() const noexcept { return status_; }
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

 private:
  enum class State { kIdle, kStreaming, kFinished };

  std::string make_head(int status, std::string_view content_type) const;
  void append_chunk(std::string& out, std::string_view records) const;
  Awaitable<void> send(std::string_view bytes);

  ClientSocket& socket_;
  Form form_;
  Headers headers_;
  State state_ = State::kIdle;
  std::string pending_head_;
  bool sending_ = false;  // a write waits for the client
  int status_ = 0;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace axllama::http
