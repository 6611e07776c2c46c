#include "http/refusal.h"

#include "base/error.h"
#include "http/status.h"
#include "http/url.h"

namespace axllama::http {
namespace {

constexpr const char* kRetryAfterSeconds = "5";

}  // namespace

Refusal refuse(const ErrorRenderer& render, const Request& request, int status, const std::string& message) {
  Refusal refusal{status, std::string(kJsonContentType), render(request, status, message), {}};
  if (status == 503) {
    refusal.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  }
  return refusal;
}

Refusal refuse_too_large(const ErrorRenderer& render, const Request& request, std::uint64_t limit) {
  return refuse(render, request, 413,
                "the request body is larger than the " + std::to_string(limit) + " bytes allowed here");
}

Refusal refuse_unrouted(const Request& request, const RouteMatch& match) {
  if (match.kind == RouteMatch::Kind::kMethodNotAllowed) {
    return {405, std::string(kTextContentType), "405 method not allowed", {{"Allow", match.allowed}}};
  }
  if (match.kind == RouteMatch::Kind::kRedirect) {
    std::string location = percent_encode_path(request.path.substr(0, request.path.size() - 1));
    if (!request.query.empty()) {
      location += "?" + request.query;
    }
    return {request.method == "GET" ? 301 : 307, "", "", {{"Location", std::move(location)}}};
  }
  return {404, std::string(kTextContentType), "404 page not found", {}};
}

Refusal refuse_failure(const ErrorRenderer& render, const Request& request,
                       const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const base::Error& error) {
    return refuse(render, request, status_of(error.code()), error.message());
  } catch (...) {
    return refuse(render, request, 500, "the server failed to answer; its log says why");
  }
}

std::string describe_failure(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace axllama::http
