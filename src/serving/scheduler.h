#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "axcl/runtime.h"
#include "inference/kv_tier.h"
#include "serving/backend.h"
#include "serving/card_trust.h"
#include "serving/service.h"

namespace axllama::serving {

struct SchedulerOptions {
  axcl::RuntimeOptions runtime;
  TrustOptions trust;
  std::vector<std::size_t> cards;    // places in the runtime's list of cards; empty: all of them
  std::size_t kv_slots = 0;          // per model; 0: by the card's memory (see inference::EngineOptions)
  std::size_t parallel = 0;          // OLLAMA_NUM_PARALLEL: answers at once per model; 0: a slot each
  std::optional<bool> speculation;   // guesses tokens where that is faster, also by models' drafts; unset: on
                                     // cards whose self-tests find that it changes none
  std::optional<bool> asynchronous;  // how cards are given work; unset: as their self-tests find right
  bool card_embeddings = false;      // keeps embedding tables on the card, where there is memory
  inference::KvTierFactory kv_tiers;       // where conversations are kept beyond the card; empty: nowhere
  std::filesystem::path cost_records;      // folder of what calls cost, by package and card; empty: not kept
  std::size_t max_queue = 512;             // OLLAMA_MAX_QUEUE, per card
  std::size_t max_loaded = 0;              // OLLAMA_MAX_LOADED_MODELS, per card; 0: as many as fit
  std::size_t max_pending_events = 16384;  // a reader that falls further behind loses its request
  std::chrono::nanoseconds default_keep_alive = std::chrono::minutes(5);
  // A call that takes longer is taken for hung; nanoseconds::max(): never.
  std::chrono::nanoseconds call_limit = std::chrono::minutes(1);   // of the engine
  std::chrono::nanoseconds load_limit = std::chrono::minutes(10);  // loading a layer, opening a card
  // See LaneOptions.
  std::chrono::nanoseconds look_around = std::chrono::milliseconds(100);
  std::function<std::chrono::steady_clock::time_point()> recovery_clock = {};
};

/// Owns a lane with a thread for each card, and the models on them. A request goes to the lane where its
/// answer can be expected first: by the beginning of its prompt that is cached there, by what waits and runs,
/// and by whether the model is loaded.
class Scheduler final : public InferenceService {
 public:
  /// Opens the cards on their lanes' threads and waits for the first shortly. Does not throw without a card:
  /// card_status() says why, and submit() throws.
  explicit Scheduler(SchedulerOptions options);
  /// With other cards behind it (tests).
  Scheduler(const SchedulerOptions& options, std::vector<BackendFactory> cards);
  Scheduler(const SchedulerOptions& options, BackendFactory card);
  ~Scheduler() override;  // drain(0)
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  std::shared_ptr<ResponseStream> submit(InferenceRequest request) override;
  std::shared_ptr<ResponseStream> load(ModelReference model, std::optional<KeepAlive> keep_alive) override;
  std::shared_ptr<ResponseStream> pin(ModelReference model) override;
  bool unload(const std::string& digest) override;
  void reset_caches() override;

  std::vector<LoadedModel> loaded() const override;
  CardStatus card_status() const override;
  std::vector<CardStatus> card_statuses() const override;
  std::size_t queue_length() const override;

  /// Refuses new requests, lets running and queued ones go on for at most `grace`, then ends them with an
  /// error (kUnavailable), unloads everything and releases the cards. Returns when they are released; a card
  /// that has stopped answering is left alone.
  void drain(std::chrono::milliseconds grace);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace axllama::serving
