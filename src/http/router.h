#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request.h"
#include "http/response_writer.h"

namespace axllama::http {

/// Answers one request. A coroutine: it must not block the thread (waiting for the card is a co_await). When
/// the client leaves it is unwound at the next co_await. An exception before the answer began becomes a 500
/// (a base::Error the status of its code); after that the stream is cut off.
using Handler = std::function<Awaitable<void>(Request&, ResponseWriter&)>;

struct RouteOptions {
  std::optional<std::uint64_t> body_limit = {};  // unset: Limits::body_bytes
  /// Set: bodies go to what it makes, instead of into memory, and may take as long as they keep coming.
  /// Called once the header is read; a base::Error that it or the sink throws refuses the request.
  std::function<std::shared_ptr<BodySink>(const Request&)> body_sink = {};
};

struct Route {
  std::string method;
  std::vector<std::string> segments;  // "api", ":name" (one segment), "*name" (the rest; last only)
  Handler handler;
  RouteOptions options;
};

/// What a router says about a method and a path.
struct RouteMatch {
  enum class Kind {
    kFound,
    kRedirect,          // the path without its last slash is a route: 301 for GET, 307 otherwise
    kNotFound,          // 404
    kMethodNotAllowed,  // 405; `allowed` lists the methods
  };
  Kind kind = Kind::kNotFound;
  const Route* route = nullptr;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string allowed;
};

/// Routes by method and path. Filled before the server starts, then only read. Paths are matched byte for
/// byte: double slashes are not cleaned, and HEAD needs a route of its own.
class Router {
 public:
  void add(std::string method, std::string_view pattern, Handler handler, RouteOptions options = {});
  RouteMatch match(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace axllama::http
