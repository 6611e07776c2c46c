#pragma once

#include <string>

#include "api/json_body.h"
#include "base/error.h"
#include "http/request.h"

namespace axllama::api {

/// {"error": {"message", "type", "param", "code"}}, as OpenAI's clients read it.
Json openai_error(int status, const std::string& message);

/// {"type": "error", "error": {"type", "message"}, "request_id"}, as Anthropic's clients read it.
Json anthropic_error(int status, const std::string& message, const std::string& request_id);

/// The body of an error in the dialect of the request's path; an http::ErrorRenderer.
std::string render_error(const http::Request& request, int status, const std::string& message);

}  // namespace axllama::api
