#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "http/request.h"
#include "http/router.h"
#include "http/server.h"

namespace axllama::http {

/// An answer the server gives by itself, in place of a handler's.
struct Refusal {
  int status = 400;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// With a JSON body in the listener's dialect; a 503 says when to come again.
Refusal refuse(const ErrorRenderer& render, const Request& request, int status, const std::string& message);
Refusal refuse_too_large(const ErrorRenderer& render, const Request& request, std::uint64_t limit);
/// For a path or method without a route: 404, 405 or a redirect, with Ollama's texts.
Refusal refuse_unrouted(const Request& request, const RouteMatch& match);
/// For a handler that ended with an exception: an Error's own status and message, else 500.
Refusal refuse_failure(const ErrorRenderer& render, const Request& request,
                       const std::exception_ptr& failure);

/// What an exception says, for the log.
std::string describe_failure(const std::exception_ptr& failure);

}  // namespace axllama::http
