#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "api/background.h"
#include "api/ollama/models.h"
#include "http/router.h"
#include "serving/service.h"
#include "store/library.h"

namespace axllama::api::ollama {

/// The context lengths of models that were loaded once: the card tells them only then. Thread-safe.
class ContextLengths {
 public:
  explicit ContextLengths(const serving::InferenceService& service) : service_(service) {}

  /// Of a loaded model, of one that was loaded before, or what the package says; empty when only loading will
  /// tell.
  std::optional<std::size_t> find(const OpenModel& model);

 private:
  const serving::InferenceService& service_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> seen_;  // by digest
};

/// What the handlers of this dialect share. Kept alive by them.
struct State {
  State(serving::InferenceService& inference, const store::Library& models)
      : service(inference), library(models), contexts(inference) {}

  serving::InferenceService& service;
  const store::Library& library;
  ModelCards cards;
  ContextLengths contexts;
  Background background;  // last: its threads end first
};
using StatePointer = std::shared_ptr<State>;

// One function per route.
http::Handler generate_handler(StatePointer state);
http::Handler chat_handler(StatePointer state);
http::Handler tags_handler(StatePointer state);
http::Handler show_handler(StatePointer state);
http::Handler ps_handler(StatePointer state);
http::Handler version_handler();
http::Handler root_handler();

}  // namespace axllama::api::ollama
