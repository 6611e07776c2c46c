#pragma once

#include <memory>

#include "api/chat/core.h"
#include "http/router.h"

namespace axllama::api::rerank {

/// Adds POST /v1/rerank and /rerank.
void add_rerank_routes(http::Router& router, const std::shared_ptr<chat::Core>& core);

}  // namespace axllama::api::rerank
