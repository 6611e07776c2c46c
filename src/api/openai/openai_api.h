#pragma once

#include <memory>

#include "api/chat/core.h"
#include "http/router.h"

namespace axllama::api::openai {

/// Adds OpenAI's routes below /v1: chat/completions, completions, embeddings, models, responses. Errors are
/// api::openai_error()'s, through api::render_error.
void add_openai_routes(http::Router& router, const std::shared_ptr<chat::Core>& core);

}  // namespace axllama::api::openai
