#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http/limits.h"
#include "http/response_writer.h"

namespace axllama::http {

/// The bytes of one connection: reading with deadlines, writing with back-pressure, noticing that the peer
/// has gone. Runs on the socket's strand.
class ClientSocket {
 public:
  using Clock = std::chrono::steady_clock;

  ClientSocket(boost::asio::ip::tcp::socket socket, const Limits& limits);

  /// "127.0.0.1" or "::1"; empty when the peer had gone at once.
  const std::string& remote_address() const noexcept { return remote_address_; }

  // Reading. Bytes read and not yet consumed are kept in order.
  enum class Fill { kBytes, kEnd, kTimeout, kError };
  Awaitable<Fill> fill(Clock::time_point deadline);
  std::string_view input() const noexcept { return std::string_view(input_).substr(consumed_); }
  void consume(std::size_t bytes);

  /// Writes everything. Throws boost::system::system_error: the peer is gone, or took nothing for
  /// write_stall_timeout.
  Awaitable<void> write(std::string_view bytes);

  /// Reads ahead until the peer is gone (true) or the wait is cancelled (false).
  ///
  /// A peer that ended its sending side may have closed the connection or may still read; TCP tells only when
  /// it is written to. `probe` gives bytes that mean nothing to a peer that reads (empty: none now, the next
  /// write finds out). `half_close` false: such a peer counts as gone.
  Awaitable<bool> wait_until_gone(std::function<std::string_view()> probe, bool half_close);

  /// Ends the sending side and reads until the peer has closed too, so that it can read a refusal sent before
  /// it had finished.
  Awaitable<void> linger();

  void close() noexcept;

 private:
  Awaitable<void> read_some();
  Awaitable<void> expire();
  Awaitable<void> wait_writable();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  const Limits& limits_;
  std::string remote_address_;
  std::string input_;
  std::size_t consumed_ = 0;
  std::array<char, 16 * 1024> chunk_{};
  boost::system::error_code read_error_;
  std::size_t read_bytes_ = 0;
  bool closed_ = false;
};

}  // namespace axllama::http
