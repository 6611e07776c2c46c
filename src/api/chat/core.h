#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "api/background.h"
#include "api/chat/open_model.h"
#include "serving/service.h"
#include "store/library.h"

namespace axllama::api::chat {

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

/// What the handlers of all dialects share. They keep it alive; `service` and `library` must outlive them.
struct Core {
  Core(serving::InferenceService& inference, const store::Library& models)
      : service(inference), library(models), contexts(inference) {}

  serving::InferenceService& service;
  const store::Library& library;
  ContextLengths contexts;
  Background background;  // last: its threads end first
};

}  // namespace axllama::api::chat
