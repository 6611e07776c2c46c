#pragma once

#include <memory>

#include "api/chat/core.h"
#include "http/router.h"

namespace axllama::api::anthropic {

/// Adds Anthropic's routes: /v1/messages and /v1/messages/count_tokens. Errors are api::anthropic_error()'s,
/// through api::render_error. Keys and versions in header fields are not looked at.
void add_anthropic_routes(http::Router& router, const std::shared_ptr<chat::Core>& core);

}  // namespace axllama::api::anthropic
