#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "api/background.h"
#include "api/chat/open_model.h"
#include "api/json_body.h"
#include "api/request_archive.h"
#include "api/streams/registry.h"
#include "http/request.h"
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

struct CoreOptions {
  std::size_t context_length = 0;  // of requests that do not say num_ctx; 0: what the model has
  bool keep_requests = false;      // write requests for answers down, see RequestArchive
  streams::Limits streams = {};
};

/// What the handlers of all dialects share. They keep it alive; `service` and `library` must outlive them.
struct Core {
  Core(serving::InferenceService& inference, const store::Library& models, const CoreOptions& asked = {});

  serving::InferenceService& service;
  const store::Library& library;
  const CoreOptions options;
  ContextLengths contexts;
  std::optional<RequestArchive> archive;
  Background background;
  streams::Registry streams;  // last: its answers use the others
};

/// The body of a request for an answer, which may be compressed; it is taken out of the request. Throws
/// Error.
Json take_request(Core& core, http::Request& request);

}  // namespace axllama::api::chat
