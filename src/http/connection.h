#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include <boost/asio/ip/tcp.hpp>

#include "http/limits.h"
#include "http/server.h"

namespace axllama::http {

/// What the connections of a server share. Outlives them.
struct ConnectionShared {
  Limits limits;
  bool log_requests = true;
  std::atomic<std::uint64_t> buffered_body_bytes{0};
  std::atomic<bool> draining{false};
};

/// What the connections of one listener share. Outlives them.
struct ListenerShared {
  std::shared_ptr<const Router> router;
  AccessPolicy access;
  ErrorRenderer render_error;
};

/// Which connections that wait for a request are closed: those that had one before, as clients expect of
/// them, or all.
enum class Idle { kAfterARequest, kAll };

/// One client's connection: reads requests, runs their handlers, one after the other. Runs on its socket's
/// strand.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Serves until the connection is over, then calls `done` on the strand.
  virtual void start(std::function<void()> done) = 0;
  /// Closes the connection at once if it waits for a request and is one of `idle`, else after its next
  /// answer. From any thread.
  virtual void drain(Idle idle) = 0;
  /// Ends the connection; a handler is unwound. From any thread.
  virtual void abort() = 0;
};

/// `socket` must be on a strand of its own.
std::shared_ptr<Connection> make_connection(boost::asio::ip::tcp::socket socket, ConnectionShared& shared,
                                            const ListenerShared& listener);

}  // namespace axllama::http
