#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "axcl/runtime.h"
#include "serving/backend.h"
#include "serving/card_trust.h"
#include "serving/service.h"

namespace axllama::serving {

struct SchedulerOptions {
  axcl::RuntimeOptions runtime;
  std::size_t card_index = 0;
  TrustOptions trust;
  std::size_t max_queue = 512;             // OLLAMA_MAX_QUEUE
  std::size_t max_pending_events = 16384;  // a reader that falls further behind loses its request
  std::chrono::nanoseconds default_keep_alive = std::chrono::minutes(5);
};

/// Owns the card's lane thread and the models on it.
class Scheduler final : public InferenceService {
 public:
  /// Opens the card on the lane thread and waits for it shortly. Does not throw without a card: card_status()
  /// says why, and submit() throws.
  explicit Scheduler(SchedulerOptions options);
  /// With another card behind it (tests).
  Scheduler(const SchedulerOptions& options, BackendFactory backend);
  ~Scheduler() override;  // drain(0)
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  std::shared_ptr<ResponseStream> submit(InferenceRequest request) override;
  std::shared_ptr<ResponseStream> load(ModelReference model, std::optional<KeepAlive> keep_alive) override;
  bool unload(const std::string& digest) override;
  void reset_caches() override;

  std::vector<LoadedModel> loaded() const override;
  CardStatus card_status() const override;
  std::size_t queue_length() const override;

  /// Refuses new requests, lets running and queued ones go on for at most `grace`, then ends them with an
  /// error (kUnavailable), unloads everything and releases the card. Returns when the card is released.
  void drain(std::chrono::milliseconds grace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace axllama::serving
