#include "api/error_bodies.h"

#include "http/server.h"

namespace axllama::api {
namespace {

const char* openai_type(int status) {
  switch (status) {
    case 400:
      return "invalid_request_error";
    case 404:
      return "not_found_error";
    default:
      return "api_error";
  }
}

const char* anthropic_type(int status) {
  switch (status) {
    case 400:
      return "invalid_request_error";
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
    case 529:
      return "overloaded_error";
    default:
      return "api_error";
  }
}

}  // namespace

Json openai_error(int status, const std::string& message) {
  Json body;
  Json& error = body["error"];
  error["message"] = message;
  error["type"] = openai_type(status);
  error["param"] = nullptr;
  error["code"] = nullptr;
  return body;
}

Json anthropic_error(int status, const std::string& message, const std::string& request_id) {
  Json body;
  body["type"] = "error";
  body["error"]["type"] = anthropic_type(status);
  body["error"]["message"] = message;
  body["request_id"] = "req_" + request_id;
  return body;
}

std::string render_error(const http::Request& request, int status, const std::string& message) {
  if (request.path.starts_with("/v1/messages")) {
    return to_json(anthropic_error(status, message, request.id));
  }
  if (request.path.starts_with("/v1/")) {
    return to_json(openai_error(status, message));
  }
  return http::render_plain_error(request, status, message);
}

}  // namespace axllama::api
