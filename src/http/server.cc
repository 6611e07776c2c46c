#include "http/server.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "base/error.h"
#include "base/utf8.h"
#include "http/connection.h"
#include "telemetry/log.h"

namespace axllama::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

[[noreturn]] void fail_to_listen(const Endpoint& endpoint, const error_code& error) {
  std::string message = "cannot listen on " + endpoint.authority() + ": " + error.message();
  if (error == asio::error::address_in_use) {
    message += "; another server is using this address, or choose another one with OLLAMA_HOST";
  }
  throw base::Error(base::ErrorCode::kUnavailable, message);
}

tcp::endpoint resolve(asio::io_context& context, const Endpoint& endpoint) {
  if (endpoint.host.empty()) {
    return {asio::ip::address_v6::any(), endpoint.port};
  }
  error_code error;
  const auto address = asio::ip::make_address(endpoint.host, error);
  if (!error) {
    return {address, endpoint.port};
  }
  tcp::resolver resolver(context);
  const auto results =
      resolver.resolve(endpoint.host, std::to_string(endpoint.port), tcp::resolver::passive, error);
  if (error) {
    fail_to_listen(endpoint, error);
  }
  for (const auto& result : results) {
    if (result.endpoint().address().is_v4()) {
      return result.endpoint();
    }
  }
  return results.begin()->endpoint();
}

tcp::acceptor listen(asio::io_context& context, const Endpoint& endpoint) {
  tcp::endpoint address = resolve(context, endpoint);
  tcp::acceptor acceptor(asio::make_strand(context));
  error_code error;
  acceptor.open(address.protocol(), error);
  if (error == asio::error::address_family_not_supported && endpoint.host.empty()) {
    address = {asio::ip::address_v4::any(), endpoint.port};  // a machine without IPv6
    acceptor.open(address.protocol(), error);
  }
  if (!error && address.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(!address.address().is_unspecified()), error);
  }
  if (!error) {
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  }
  if (!error) {
    acceptor.bind(address, error);
  }
  if (!error) {
    acceptor.listen(asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    fail_to_listen(endpoint, error);
  }
  return acceptor;
}

/// Tells a client in one write that there is no place for it.
void turn_away(tcp::socket& socket) {
  static const std::string kAnswer = [] {
    const std::string body =
        render_plain_error({}, 503, "the server has too many connections; try again later");
    return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; "
           "charset=utf-8\r\nRetry-After: 5\r\n"
           "Connection: close\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }();
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kAnswer), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace

std::string render_plain_error(const Request&, int, const std::string& message) {
  const nlohmann::json body{{"error", message}};
  return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct Server::Impl {
  explicit Impl(ServerOptions given) : options(std::move(given)) {
    shared.limits = options.limits;
    shared.log_requests = options.log_requests;
  }

  struct Socket {
    tcp::acceptor acceptor;
    ListenerShared shared;
  };

  asio::awaitable<void> accept_loop(Socket& listener) {
    asio::steady_timer pause(listener.acceptor.get_executor());
    while (true) {
      auto [error, socket] = co_await listener.acceptor.async_accept(asio::make_strand(context), kNoThrow);
      if (error == asio::error::operation_aborted || !listener.acceptor.is_open()) {
        break;
      }
      if (error) {
        if (error != asio::error::connection_aborted) {
          telemetry::log(telemetry::LogLevel::kWarning, "cannot accept a connection",
                         {{"error", error.message()}});
          pause.expires_after(options.limits.accept_pause);
          co_await pause.async_wait(kNoThrow);
        }
        continue;
      }
      serve(std::move(socket), listener.shared);
    }
  }

  void serve(tcp::socket socket, const ListenerShared& listener) {
    std::shared_ptr<Connection> connection;
    {
      const std::lock_guard lock(mutex);
      if (connections.size() < options.limits.connections) {
        connection = make_connection(std::move(socket), shared, listener);
        connections.insert(connection);
      }
    }
    if (!connection) {
      turn_away(socket);
      return;
    }
    connection->start([this, key = std::weak_ptr(connection)] {
      const std::lock_guard lock(mutex);
      connections.erase(key.lock());
      if (connections.empty()) {
        no_connections.notify_all();
      }
    });
    if (closed) {
      connection->drain(Idle::kAll);
    }
  }

  void run_thread() {
    while (true) {
      try {
        context.run();
        return;
      } catch (const std::exception& exception) {
        telemetry::log(telemetry::LogLevel::kError, "an I/O thread goes on after an error",
                       {{"error", exception.what()}});
      }
    }
  }

  void begin_stop() {
    if (!shared.draining.exchange(true)) {
      drain_connections(Idle::kAfterARequest);
    }
  }

  void drain_connections(Idle idle) {
    const std::lock_guard lock(mutex);
    for (const auto& connection : connections) {
      connection->drain(idle);
    }
  }

  void close_listeners() {
    if (closed.exchange(true)) {
      return;
    }
    for (Socket& socket : sockets) {
      asio::post(socket.acceptor.get_executor(), [&socket] {
        error_code ignored;
        socket.acceptor.close(ignored);
      });
    }
    drain_connections(Idle::kAll);
  }

  void stop(std::chrono::milliseconds grace) {
    begin_stop();
    close_listeners();
    {
      std::unique_lock lock(mutex);
      if (!no_connections.wait_for(lock, grace, [this] { return connections.empty(); })) {
        for (const auto& connection : connections) {
          connection->abort();
        }
        no_connections.wait(lock, [this] { return connections.empty(); });
      }
    }
    work.reset();
    for (std::thread& thread : threads) {
      thread.join();
    }
    threads.clear();
  }

  ServerOptions options;
  ConnectionShared shared;
  std::atomic<bool> closed{false};  // the listeners are
  std::mutex mutex;
  std::condition_variable no_connections;
  std::set<std::shared_ptr<Connection>> connections;
  std::vector<Endpoint> endpoints;
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::vector<Socket> sockets;
  std::vector<std::thread> threads;
};

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Server::~Server() {
  stop(std::chrono::milliseconds(0));
}

void Server::start() {
  impl_->sockets.reserve(impl_->options.listeners.size());
  for (const Listener& listener : impl_->options.listeners) {
    tcp::acceptor acceptor = listen(impl_->context, listener.endpoint);
    const tcp::endpoint bound = acceptor.local_endpoint();
    AccessPolicy access(listener.origins, bound.address().is_loopback());
    impl_->sockets.push_back(
        {std::move(acceptor), ListenerShared{listener.router, std::move(access), listener.render_error}});
    Endpoint endpoint = listener.endpoint;
    endpoint.port = bound.port();
    impl_->endpoints.push_back(std::move(endpoint));
  }
  for (Impl::Socket& socket : impl_->sockets) {
    asio::co_spawn(socket.acceptor.get_executor(), impl_->accept_loop(socket), asio::detached);
  }
  for (std::size_t i = 0; i < std::max<std::size_t>(impl_->options.io_threads, 1); ++i) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->run_thread(); });
  }
}

const std::vector<Endpoint>& Server::endpoints() const noexcept {
  return impl_->endpoints;
}

void Server::begin_stop() {
  impl_->begin_stop();
}

void Server::stop(std::chrono::milliseconds grace) {
  impl_->stop(grace);
}

std::size_t Server::connection_count() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->connections.size();
}

}  // namespace axllama::http
