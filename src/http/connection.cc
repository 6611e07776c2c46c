#include "http/connection.h"

#include <exception>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>

#include "base/error.h"
#include "http/body_charge.h"
#include "http/client_socket.h"
#include "http/refusal.h"
#include "http/request_parser.h"
#include "http/socket_response.h"
#include "http/status.h"
#include "telemetry/log.h"
#include "telemetry/request_id.h"
#include "telemetry/request_log.h"

namespace axllama::http {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;  // operator||
using Clock = ClientSocket::Clock;

enum class BodyResult { kComplete, kTooLarge, kNoRoom, kTimeout, kMalformed, kGone };

/// Whether a handler ended because its client left or stopped reading.
bool is_connection_error(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error&) {
    return true;
  } catch (...) {
    return false;
  }
}

class ConnectionImpl final : public Connection, public std::enable_shared_from_this<ConnectionImpl> {
 public:
  ConnectionImpl(asio::ip::tcp::socket socket, ConnectionShared& shared, const ListenerShared& listener)
      : executor_(socket.get_executor()),
        shared_(shared),
        listener_(listener),
        socket_(std::move(socket), shared.limits) {}

  void start(std::function<void()> done) override {
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->run(); },
        [self = shared_from_this(), done = std::move(done)](const std::exception_ptr& failure) {
          self->socket_.close();
          if (failure) {
            self->log_failure(failure, "");
          }
          done();
        });
  }

  void drain(Idle idle) override {
    asio::post(executor_, [self = shared_from_this(), idle] {
      if (self->idle_ && (idle == Idle::kAll || !self->first_request_)) {
        self->socket_.close();
      }
    });
  }

  void abort() override {
    asio::post(executor_, [self = shared_from_this()] {
      self->aborted_ = true;
      self->socket_.close();
    });
  }

 private:
  Awaitable<void> run() {
    bool more = !aborted_;
    while (more) {
      more = co_await serve_one() && !aborted_ && !shared_.draining;
    }
  }

  /// One request and its answer. False: the connection is over.
  Awaitable<bool> serve_one() {
    RequestParser parser(shared_.limits.header_bytes);
    if (!co_await read_header(parser)) {
      co_return false;
    }
    Request& request = parser.request();
    request.id = telemetry::new_request_id();
    request.remote_address = socket_.remote_address();
    SocketResponse response(socket_,
                            {.head_only = request.method == "HEAD",
                             .http_1_0 = request.version == 10,
                             .keep_alive = !parser.failure() && parser.keep_alive() && !shared_.draining,
                             .request_id = request.id});
    bool gone = false;
    std::exception_ptr failure;
    try {
      gone = !co_await answer(parser, response);
    } catch (const boost::system::system_error&) {
      gone = true;  // the client left or stopped reading
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) {
      log_failure(failure, request.id);
    }
    log_request(parser, response, gone);
    const bool again = !gone && !failure && response.finished() && response.keep_alive() && parser.done();
    if (response.finished() && !again && !gone) {
      co_await socket_.linger();
    }
    co_return again;
  }

  /// Waits for a request and reads its header. False: there is none.
  Awaitable<bool> read_header(RequestParser& parser) {
    idle_ = socket_.input().empty();
    auto deadline =
        Clock::now() + (first_request_ ? shared_.limits.header_timeout : shared_.limits.idle_timeout);
    bool begun = false;
    while (true) {
      if (!socket_.input().empty()) {
        if (!begun) {
          begun = true;
          idle_ = false;
          parser.request().received_at = Clock::now();
          deadline = parser.request().received_at + shared_.limits.header_timeout;
        }
        socket_.consume(parser.parse(socket_.input()));
        if (parser.header_done() || parser.failure()) {
          first_request_ = false;
          co_return true;
        }
      }
      const auto fill = co_await socket_.fill(deadline);
      if (fill == ClientSocket::Fill::kTimeout && begun) {
        co_await refuse_unread(408, "the request header did not arrive in time");
      }
      if (fill != ClientSocket::Fill::kBytes) {
        co_return false;
      }
    }
  }

  /// Reads the body, as much as `limit` allows; `kept`: counted against the memory of all bodies.
  Awaitable<BodyResult> read_body(RequestParser& parser, std::uint64_t limit, BodyCharge* kept) {
    const bool kept_in_memory = !parser.request().body_sink;
    const auto end = kept_in_memory ? Clock::now() + shared_.limits.body_timeout : Clock::time_point::max();
    while (true) {
      if (!socket_.input().empty()) {
        socket_.consume(parser.parse(socket_.input()));
      }
      if (parser.failure()) {
        co_return BodyResult::kMalformed;
      }
      if (parser.body_bytes() > limit) {
        co_return BodyResult::kTooLarge;
      }
      if (kept_in_memory && kept != nullptr &&
          !kept->raise(parser.body_bytes(), shared_.limits.buffered_body_bytes)) {
        co_return BodyResult::kNoRoom;
      }
      if (parser.done()) {
        co_return BodyResult::kComplete;
      }
      const auto fill =
          co_await socket_.fill(std::min(end, Clock::now() + shared_.limits.body_stall_timeout));
      if (fill == ClientSocket::Fill::kTimeout) {
        co_return BodyResult::kTimeout;
      }
      if (fill != ClientSocket::Fill::kBytes) {
        co_return BodyResult::kGone;
      }
    }
  }

  Refusal error(const Request& request, int status, const std::string& message) const {
    return refuse(listener_.render_error, request, status, message);
  }

  /// What must be said before the body is read, if anything.
  std::optional<Refusal> refuse_early(const RequestParser& parser, Request& request,
                                      const AccessDecision& access, RouteMatch& match) const {
    if (parser.failure()) {
      return error(request, parser.failure()->status, parser.failure()->message);
    }
    if (access.kind == AccessDecision::Kind::kForbidden) {
      return error(request, 403, access.message);
    }
    if (access.kind == AccessDecision::Kind::kNoContent) {
      return Refusal{204, "", "", {}};
    }
    match = listener_.router->match(request.method, request.path);
    if (match.kind != RouteMatch::Kind::kFound) {
      return refuse_unrouted(request, match);
    }
    request.path_parameters = std::move(match.parameters);
    if (parser.content_length().value_or(0) > body_limit(match)) {
      return refuse_too_large(listener_.render_error, request, body_limit(match));
    }
    if (match.route->options.body_sink) {
      try {
        request.body_sink = match.route->options.body_sink(request);
      } catch (...) {
        return refuse_failure(listener_.render_error, request, std::current_exception());
      }
    }
    return std::nullopt;
  }

  std::uint64_t body_limit(const RouteMatch& match) const {
    return match.route->options.body_limit.value_or(shared_.limits.body_bytes);
  }

  /// The whole of one exchange after the header. False: the client has gone.
  Awaitable<bool> answer(RequestParser& parser, SocketResponse& response) {
    Request& request = parser.request();
    AccessDecision access;
    if (!parser.failure()) {
      access = listener_.access.decide(request.method, request.headers);
      for (const auto& [name, value] : access.headers) {
        response.set_header(name, value);
      }
    }
    RouteMatch match;
    std::optional<Refusal> refusal = refuse_early(parser, request, access, match);
    BodyCharge charge(shared_.buffered_body_bytes);
    if (!refusal) {
      if (parser.expects_continue() && !parser.done() && socket_.input().empty()) {
        co_await socket_.write("HTTP/1.1 100 Continue\r\n\r\n");
      }
      const BodyResult body = co_await read_body(parser, body_limit(match), &charge);
      refusal = refuse_body(body, parser, match);
      if (body == BodyResult::kGone) {
        co_return false;
      }
    }
    if (refusal) {
      co_await send_refusal(*refusal, parser, response);
      co_return true;
    }
    co_return co_await run_handler(match.route->handler, request, response);
  }

  std::optional<Refusal> refuse_body(BodyResult body, const RequestParser& parser, const RouteMatch& match) {
    const Request& request = const_cast<RequestParser&>(parser).request();
    switch (body) {
      case BodyResult::kTooLarge:
        return refuse_too_large(listener_.render_error, request, body_limit(match));
      case BodyResult::kNoRoom:
        return error(request, 503, "the server is holding too many large requests; try again later");
      case BodyResult::kTimeout:
        return error(request, 408, "the request body did not arrive in time");
      case BodyResult::kMalformed:
        return error(request, parser.failure()->status, parser.failure()->message);
      case BodyResult::kComplete:
      case BodyResult::kGone:
        break;
    }
    return std::nullopt;
  }

  Awaitable<void> send_refusal(const Refusal& refusal, RequestParser& parser, SocketResponse& response) {
    if (!parser.done()) {
      // Reading a short rest keeps the connection; a client that waits for "100 Continue" will not send one.
      bool complete = false;
      const std::uint64_t limit = shared_.limits.discarded_body_bytes;
      if (!parser.failure() && !parser.expects_continue() &&
          parser.content_length().value_or(limit + 1) <= limit) {
        parser.discard_body();
        complete = co_await read_body(parser, limit, nullptr) == BodyResult::kComplete;
      }
      if (!complete) {
        response.close_after();
      }
    }
    for (const auto& [name, value] : refusal.headers) {
      response.set_header(name, value);
    }
    co_await response.respond(refusal.status, refusal.content_type, refusal.body);
  }

  /// A refusal before there is a request to answer.
  Awaitable<void> refuse_unread(int status, const std::string& message) {
    Request unread;
    unread.id = telemetry::new_request_id();
    SocketResponse response(socket_, {.keep_alive = false, .request_id = unread.id});
    const std::string body = listener_.render_error(unread, status, message);
    try {
      co_await response.respond(status, kJsonContentType, body);
    } catch (const boost::system::system_error&) {
      co_return;  // nobody listens
    }
    co_await socket_.linger();
  }

  Awaitable<void> run_guarded(const Handler& handler, Request& request, SocketResponse& response,
                              std::exception_ptr& failure) {
    try {
      co_await handler(request, response);
    } catch (...) {
      failure = std::current_exception();
    }
  }

  Awaitable<void> watch(const Request& request, const SocketResponse& response) {
    const bool gone =
        co_await socket_.wait_until_gone([&response] { return response.probe(); }, request.version == 11);
    if (gone) {
      *request.client_gone = true;
    }
  }

  /// Runs the handler while watching the client; it is unwound when the client leaves. False: it left.
  Awaitable<bool> run_handler(const Handler& handler, Request& request, SocketResponse& response) {
    std::exception_ptr failure;
    const auto first =
        co_await (run_guarded(handler, request, response, failure) || watch(request, response));
    if (first.index() == 1) {
      co_return false;
    }
    if (!failure && response.finished()) {
      co_return true;
    }
    if (!failure) {
      failure = std::make_exception_ptr(
          base::Error(base::ErrorCode::kInternal, "the server ended the answer before it was complete"));
    }
    if (response.started()) {
      std::rethrow_exception(failure);
    }
    if (is_connection_error(failure)) {
      co_return false;
    }
    const Refusal refusal = refuse_failure(listener_.render_error, request, failure);
    if (refusal.status == 500) {
      log_failure(failure, request.id);
    }
    for (const auto& [name, value] : refusal.headers) {
      response.set_header(name, value);
    }
    co_await response.respond(refusal.status, refusal.content_type, refusal.body);
    co_return true;
  }

  void log_failure(const std::exception_ptr& failure, const std::string& id) const {
    telemetry::log(telemetry::LogLevel::kError, "request failed",
                   {{"id", id}, {"client", socket_.remote_address()}, {"error", describe_failure(failure)}});
  }

  void log_request(RequestParser& parser, const SocketResponse& response, bool gone) const {
    if (!shared_.log_requests) {
      return;
    }
    const Request& request = parser.request();
    telemetry::log_request({.id = request.id,
                            .method = request.method,
                            .path = request.path.empty() ? request.target : request.path,
                            .client = request.remote_address,
                            .status = gone || response.status() == 0 ? 499 : response.status(),
                            .duration = Clock::now() - request.received_at,
                            .bytes_in = parser.body_bytes(),
                            .bytes_out = response.bytes_sent()});
  }

  asio::any_io_executor executor_;
  ConnectionShared& shared_;
  const ListenerShared& listener_;
  ClientSocket socket_;
  bool idle_ = false;  // waiting for the first byte of a request
  bool first_request_ = true;
  bool aborted_ = false;
};

}  // namespace

std::shared_ptr<Connection> make_connection(asio::ip::tcp::socket socket, ConnectionShared& shared,
                                            const ListenerShared& listener) {
  return std::make_shared<ConnectionImpl>(std::move(socket), shared, listener);
}

}  // namespace axllama::http
