#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/access_policy.h"
#include "http/endpoint.h"
#include "http/limits.h"
#include "http/router.h"

namespace axllama::http {

/// The body of an error that this room answers by itself (404 and 405 have texts of their own), in the
/// dialect of the request's path, which is empty when the request could not be read. JSON. Called from any
/// I/O thread; must not throw.
using ErrorRenderer =
    std::function<std::string(const Request& request, int status, const std::string& message)>;

/// {"error":"message"}
std::string render_plain_error(const Request& request, int status, const std::string& message);

/// One address with its routes.
struct Listener {
  Endpoint endpoint;
  std::shared_ptr<const Router> router;
  std::vector<std::string>
      origins;  // see AccessPolicy; the host check is on when the address is a loopback address
  ErrorRenderer render_error = render_plain_error;
};

struct ServerOptions {
  std::vector<Listener> listeners;
  Limits limits;
  std::size_t io_threads = 2;
  bool log_requests = true;
};

/// HTTP/1.1 server. Thread-safe.
class Server {
 public:
  explicit Server(ServerOptions options);
  ~Server();  // stop(0)
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens on every address and returns. Throws Error (kUnavailable) with a sentence naming the address and
  /// the reason; then nothing listens.
  void start();

  /// The addresses listened on, with the ports the system chose; one per listener, in order.
  const std::vector<Endpoint>& endpoints() const noexcept;

  /// Closes connections between two requests at once, and others after their answers. New ones are taken as
  /// before, for one request each, so that who comes now hears why it is refused. Does not wait.
  void begin_stop();
  /// begin_stop(), closes the listeners, waits at most `grace` for the answers in the making, ends the others
  /// (their handlers are unwound) and joins the threads. Not to be called from a handler.
  void stop(std::chrono::milliseconds grace);

  std::size_t connection_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace axllama::http
