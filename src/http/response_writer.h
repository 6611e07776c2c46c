#pragma once

#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

namespace axllama::http {

template <typename T>
using Awaitable = boost::asio::awaitable<T>;

/// The way back to one client: one whole answer, or a stream of records. Belongs to the handler's coroutine.
///
/// Each function returns when the bytes are with the system; a client that does not read holds the handler up
/// (that is the back-pressure) until Limits::write_stall_timeout, after which, as when the client goes away,
/// the handler is unwound by boost::system::system_error (operation_aborted or the socket's error). Handlers
/// let it pass.
class ResponseWriter {
 public:
  ResponseWriter() = default;
  virtual ~ResponseWriter() = default;
  ResponseWriter(const ResponseWriter&) = delete;
  ResponseWriter& operator=(const ResponseWriter&) = delete;

  /// Adds a header field to the answer; only before it begins.
  virtual void set_header(std::string name, std::string value) = 0;

  /// The whole answer. An empty `content_type` leaves the field out.
  virtual Awaitable<void> respond(int status, std::string_view content_type, std::string_view body) = 0;

  /// Begins a stream of records. The head leaves with the first record.
  virtual void start_stream(int status, std::string_view content_type) = 0;
  /// Sends one or more whole records (with their line ends).
  virtual Awaitable<void> write(std::string_view records) = 0;
  /// Sends the last records, if any, and ends the stream properly. A stream that is never finished is cut
  /// off, so that it does not look complete.
  virtual Awaitable<void> finish(std::string_view records = {}) = 0;

  /// True once an answer or a stream has begun: its status can no longer change.
  virtual bool started() const noexcept = 0;
};

}  // namespace axllama::http
