#pragma once

#include <memory>
#include <utility>

#include "api/chat/core.h"
#include "api/jobs.h"
#include "api/model_compiler.h"
#include "api/ollama/model_card.h"
#include "http/router.h"
#include "serving/service.h"
#include "store/library.h"
#include "store/transfer/model_transfer.h"

namespace axllama::api::ollama {

/// What the handlers of this dialect share. Kept alive by them.
struct State {
  State(std::shared_ptr<chat::Core> shared, CompileFunction compiler,
        const store::TransferOptions& transfer_options)
      : core(std::move(shared)),
        service(core->service),
        library(core->library),
        compile(std::move(compiler)) {
    if (library.store() != nullptr) {
      transfer = std::make_unique<store::ModelTransfer>(*library.store(), transfer_options);
    }
  }

  std::shared_ptr<chat::Core> core;
  serving::InferenceService& service;
  const store::Library& library;
  ModelCards cards;
  CompileFunction compile;                         // may be unset
  std::unique_ptr<store::ModelTransfer> transfer;  // null without a store
  Jobs jobs;                                       // last: its threads use the others
};
using StatePointer = std::shared_ptr<State>;

// One function per route.
http::Handler generate_handler(StatePointer state);
http::Handler chat_handler(StatePointer state);
http::Handler embed_handler(StatePointer state);
http::Handler embeddings_handler(StatePointer state);
http::Handler tags_handler(StatePointer state);
http::Handler show_handler(StatePointer state);
http::Handler ps_handler(StatePointer state);
http::Handler status_handler(StatePointer state);
http::Handler version_handler();
http::Handler tokenize_handler(StatePointer state);
http::Handler detokenize_handler(StatePointer state);
http::Handler root_handler();

/// Those of accounts and of Ollama's cloud.
void add_offline_routes(http::Router& router);
/// /api/create, /api/blobs/:digest, /api/copy, /api/delete, /api/pull, /api/push.
void add_management_routes(http::Router& router, const StatePointer& state);

}  // namespace axllama::api::ollama
