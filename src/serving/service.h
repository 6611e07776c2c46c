#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "inference/generation.h"
#include "model/package.h"

namespace axllama::serving {

/// How long a model stays loaded after its last request. Unset: what the loaded model has, else the server's
/// default.
struct KeepAlive {
  static constexpr std::chrono::nanoseconds kForever = std::chrono::nanoseconds::max();
  std::chrono::nanoseconds duration{};  // 0: unload when idle; kForever: never
};

/// A model to run: its name as shown to clients, and its package on the host.
struct ModelReference {
  std::string name;    // "axllama-tiny:latest"
  std::string digest;  // 64 hex digits; two references with one digest share a loaded model
  std::shared_ptr<const model::Package> package;
  /// A smaller model that is to guess tokens for it (see inference::Engine::set_draft); null: none is.
  std::shared_ptr<const ModelReference> draft = nullptr;
  std::string problem = {};  // of a draft: why there is no package, a sentence; it has a digest all the same
};

struct InferenceRequest {
  ModelReference model;
  inference::GenerationRequest generation;
  std::optional<KeepAlive> keep_alive;
  std::string client;  // fairness key: remote address or API key
};

/// What travels back. Exactly one of: a token event, an error (always the last), or the notice that the model
/// is ready.
struct ModelReady {
  std::chrono::nanoseconds load_time{0};  // waiting for the model to be on the card; never zero
};
using ResponseEvent = std::variant<ModelReady, inference::TokenEvent, base::Error>;

/// The bounded channel from a lane to one request's reader. Thread-safe; one reader.
/// Dropping the stream (or cancel()) cancels the request within one engine call.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  /// The next event if there is one.
  virtual std::optional<ResponseEvent> try_next() = 0;
  /// Waits for the next event at most `timeout`; empty on timeout.
  virtual std::optional<ResponseEvent> next(std::chrono::milliseconds timeout) = 0;
  /// Called once, from any thread (at once when an event is waiting already), as soon as an event can be
  /// taken; set again after each empty try_next(). The callback must only post.
  virtual void on_readable(std::function<void()> callback) = 0;
  virtual void cancel() = 0;
};

/// A model on the card, for /api/ps.
struct LoadedModel {
  ModelReference model;       // its draft: the one that has been loaded, or was to be
  std::string draft_problem;  // why that does not guess, a sentence; empty: it does
  std::uint64_t card_bytes = 0;
  std::size_t context_length = 0;
  std::chrono::system_clock::time_point expires_at;  // time_point::max(): never
  bool pinned = false;                               // never gives way to another
  bool loading = false;
  std::size_t layers_loaded = 0;
  std::size_t layers_total = 0;
};

/// What the card is doing, for health pages. Never waits for the lane: properties are refreshed in the
/// background.
struct CardStatus {
  bool available = false;
  bool software_card = false;
  std::string problem;  // a sentence when not available
  std::string runtime_version;
  std::int32_t device_id = -1;
  std::optional<double> temperature_celsius;
  std::optional<double> npu_percent;
  std::optional<std::uint64_t> cmm_total_bytes;
  std::optional<std::uint64_t> cmm_free_bytes;
};

/// What the dialects need of the scheduler, so that they can be tested without a card. All methods are
/// thread-safe and return at once; none waits for the card.
class InferenceService {
 public:
  virtual ~InferenceService() = default;

  /// Throws Error (kResourceExhausted) when the queue is full, (kUnavailable) while draining or without a
  /// card.
  virtual std::shared_ptr<ResponseStream> submit(InferenceRequest request) = 0;
  /// Loads the model (or refreshes its keep-alive); the stream brings ModelReady or an error, then ends with
  /// done.
  virtual std::shared_ptr<ResponseStream> load(ModelReference model, std::optional<KeepAlive> keep_alive) = 0;
  /// Loads the model as load() does, on one card, where it then stays: it makes way for no other model, its
  /// keep-alive is for ever, and only an unloading that is asked for takes it away. Lost with a card that
  /// failed it is loaded again by itself.
  virtual std::shared_ptr<ResponseStream> pin(ModelReference model) {
    return load(std::move(model), KeepAlive{KeepAlive::kForever});
  }
  /// Unloads when the running requests are over; false when it was not loaded.
  virtual bool unload(const std::string& digest) = 0;
  /// Forgets the cached conversation of every loaded model.
  virtual void reset_caches() = 0;

  virtual std::vector<LoadedModel> loaded() const = 0;
  /// Of the first card that is available, else of the first.
  virtual CardStatus card_status() const = 0;
  /// Of each card.
  virtual std::vector<CardStatus> card_statuses() const { return {card_status()}; }
  virtual std::size_t queue_length() const = 0;
};

}  // namespace axllama::serving
