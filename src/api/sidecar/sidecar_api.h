#pragma once

#include <memory>
#include <string>

#include "http/router.h"
#include "serving/service.h"
#include "store/library.h"

namespace axllama::api::sidecar {

/// What the dialect works with. Both must outlive the router.
struct SidecarContext {
  serving::InferenceService& service;
  const store::Library& library;
  std::string default_model;  // answers until POST /load names another; empty: the newest installed model
};

/// Adds the routes of the first AX650 integration's back end (port 5002): POST /generate, GET /health, POST
/// /load, POST /reset. Raw completion, no chat template; errors are {"error": "sentence"} with 400, 404 or
/// 503.
void add_sidecar_routes(http::Router& router, const SidecarContext& context);

}  // namespace axllama::api::sidecar
