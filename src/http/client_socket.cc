#include "http/client_socket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace axllama::http {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;  // operator||

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

// A peer whose machine has vanished is noticed within about a minute.
constexpr int kKeepAliveIdleSeconds = 30;
constexpr int kKeepAliveIntervalSeconds = 10;
constexpr int kKeepAliveProbes = 3;

void set_option(int descriptor, int level, int name, int value) {
  // Best effort: without these the connection works, only worse.
  static_cast<void>(setsockopt(descriptor, level, name, &value, sizeof(value)));
}

bool would_block(const boost::system::error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

}  // namespace

ClientSocket::ClientSocket(asio::ip::tcp::socket socket, const Limits& limits)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), limits_(limits) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  const int descriptor = socket_.native_handle();
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  boost::system::error_code gone;
  const auto remote = socket_.remote_endpoint(gone);
  if (!gone) {
    auto address = remote.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    remote_address_ = address.to_string();
  }
}

void ClientSocket::consume(std::size_t bytes) {
  consumed_ += bytes;
  if (consumed_ == input_.size()) {
    input_.clear();
    consumed_ = 0;
  }
}

Awaitable<void> ClientSocket::read_some() {
  const auto [error, bytes] = co_await socket_.async_read_some(asio::buffer(chunk_), kNoThrow);
  read_error_ = error;
  read_bytes_ = bytes;
  input_.append(chunk_.data(), bytes);
}

Awaitable<void> ClientSocket::expire() {
  co_await timer_.async_wait(kNoThrow);
}

Awaitable<ClientSocket::Fill> ClientSocket::fill(Clock::time_point deadline) {
  input_.erase(0, consumed_);
  consumed_ = 0;
  read_bytes_ = socket_.read_some(asio::buffer(chunk_), read_error_);
  input_.append(chunk_.data(), read_bytes_);
  if (would_block(read_error_)) {
    timer_.expires_at(deadline);
    co_await (read_some() || expire());
  }
  if (read_bytes_ > 0) {
    co_return Fill::kBytes;
  }
  if (read_error_ == asio::error::eof) {
    co_return Fill::kEnd;
  }
  co_return read_error_ == asio::error::operation_aborted && !closed_ ? Fill::kTimeout : Fill::kError;
}

Awaitable<void> ClientSocket::wait_writable() {
  co_await socket_.async_wait(asio::ip::tcp::socket::wait_write, kNoThrow);
}

Awaitable<void> ClientSocket::write(std::string_view bytes) {
  while (!bytes.empty()) {
    boost::system::error_code error;
    const std::size_t written = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(written);
    if (!error) {
      continue;
    }
    if (!would_block(error)) {
      throw boost::system::system_error(error);
    }
    timer_.expires_after(limits_.write_stall_timeout);
    const auto first = co_await (wait_writable() || expire());
    if (first.index() == 1) {
      throw boost::system::system_error(asio::error::timed_out);
    }
  }
}

Awaitable<bool> ClientSocket::wait_until_gone(std::function<std::string_view()> probe, bool half_close) {
  while (input_.size() - consumed_ < limits_.pipelined_bytes) {
    co_await read_some();
    if (read_bytes_ > 0) {
      continue;
    }
    if (read_error_ == asio::error::operation_aborted) {
      co_return closed_;
    }
    if (read_error_ != asio::error::eof || !half_close) {
      co_return true;
    }
    const std::string_view bytes = probe();
    boost::system::error_code error;
    if (!bytes.empty() &&
        socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error) != bytes.size()) {
      co_return true;
    }
    break;
  }
  const auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_error, kNoThrow);
  co_return error != asio::error::operation_aborted || closed_;
}

Awaitable<void> ClientSocket::linger() {
  boost::system::error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  const auto deadline = Clock::now() + limits_.linger_timeout;
  while (!error && Clock::now() < deadline) {
    input_.clear();
    consumed_ = 0;
    if (co_await fill(deadline) != Fill::kBytes) {
      break;
    }
  }
}

void ClientSocket::close() noexcept {
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
}

}  // namespace axllama::http
