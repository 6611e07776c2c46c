#pragma once

#include <memory>

#include "api/chat/core.h"
#include "http/router.h"

namespace axllama::api::openai {

using CorePointer = std::shared_ptr<chat::Core>;

// One function per route.
http::Handler chat_completions_handler(CorePointer core);
http::Handler completions_handler(CorePointer core);
http::Handler embeddings_handler(CorePointer core);
http::Handler models_handler(CorePointer core);
http::Handler model_handler(CorePointer core);
http::Handler responses_handler(CorePointer core);
http::Handler transcriptions_handler(CorePointer core);

}  // namespace axllama::api::openai
