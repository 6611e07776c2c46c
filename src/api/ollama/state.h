#pragma once

#include <memory>
#include <utility>

#include "api/chat/core.h"
#include "api/ollama/model_card.h"
#include "http/router.h"
#include "serving/service.h"
#include "store/library.h"

namespace axllama::api::ollama {

/// What the handlers of this dialect share. Kept alive by them.
struct State {
  explicit State(std::shared_ptr<chat::Core> shared)
      : core(std::move(shared)), service(core->service), library(core->library) {}

  std::shared_ptr<chat::Core> core;
  serving::InferenceService& service;
  const store::Library& library;
  ModelCards cards;
};
using StatePointer = std::shared_ptr<State>;

// One function per route.
http::Handler generate_handler(StatePointer state);
http::Handler chat_handler(StatePointer state);
http::Handler tags_handler(StatePointer state);
http::Handler show_handler(StatePointer state);
http::Handler ps_handler(StatePointer state);
http::Handler version_handler();
http::Handler tokenize_handler(StatePointer state);
http::Handler detokenize_handler(StatePointer state);
http::Handler root_handler();

/// Those of accounts and of Ollama's cloud.
void add_offline_routes(http::Router& router);

}  // namespace axllama::api::ollama
