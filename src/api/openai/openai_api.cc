#include "api/openai/openai_api.h"

#include "api/openai/routes.h"

namespace axllama::api::openai {

void add_openai_routes(http::Router& router, const std::shared_ptr<chat::Core>& core) {
  router.add("POST", "/v1/chat/completions", chat_completions_handler(core));
  router.add("POST", "/v1/completions", completions_handler(core));
  router.add("POST", "/v1/embeddings", embeddings_handler(core));
  router.add("POST", "/v1/responses", responses_handler(core));
  router.add("POST", "/v1/audio/transcriptions", transcriptions_handler(core));
  router.add("GET", "/v1/models", models_handler(core));
  router.add("GET", "/v1/models/*id", model_handler(core));
}

}  // namespace axllama::api::openai
