#pragma once

#include "api/json_body.h"
#include "http/request.h"

namespace axllama::api {

/// Reads a request's body, compressed or not, and lets go of its bytes: a long prompt need not be held twice.
/// Takes long for long bodies: not for I/O threads. Throws as parse_json_body() and http::decode_content().
Json take_json_body(http::Request& request);

}  // namespace axllama::api
