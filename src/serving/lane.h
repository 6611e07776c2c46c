#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serving/backend.h"
#include "serving/pending_request.h"
#include "serving/queue_policy.h"
#include "serving/residency.h"
#include "serving/service.h"

namespace axllama::serving {

struct LaneOptions {
  std::size_t max_queue = 512;
  std::size_t max_pending_events = 16384;
  std::chrono::nanoseconds default_keep_alive = std::chrono::minutes(5);
};

/// One card and its queue. run() is the body of the lane thread, which alone touches the card; everything
/// else may be called from any thread and never waits for the card. Exceptions of the lane become error
/// events.
class Lane {
 public:
  Lane(LaneOptions options, BackendFactory open_card);

  void run();
  /// Waits until the first attempt to open the card is over, at most `timeout`.
  void wait_until_opened(std::chrono::milliseconds timeout);

  /// Queues a request and gives its channel; throws Error (kResourceExhausted, kUnavailable). Sets
  /// `request.id` and `request.channel` itself.
  std::shared_ptr<EventChannel> submit(std::string_view client, PendingRequest request, std::uint64_t& id);
  /// The reader of a request gave it up: takes it out of the queue if it still waits.
  void withdraw(std::uint64_t id);
  bool unload(const std::string& digest);
  void reset_caches();
  /// Refuses new requests from now on; run() returns when no work is left, or soon after `deadline`.
  void stop(std::chrono::steady_clock::time_point deadline);

  std::vector<LoadedModel> loaded() const;
  CardStatus card_status();
  std::size_t queue_length() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  enum class CardState { kOpening, kOpen, kLost, kFailed };

  // Lane thread, mutex held.
  bool work_once(Lock& lock);
  void fail_queue(const base::Error& error);
  void fail_queue_without_card();
  bool refresh_is_due(Clock::time_point now) const;
  std::optional<std::string> next_to_unload(Clock::time_point now) const;
  Clock::time_point next_wake_up() const;

  // Lane thread, mutex not held.
  void open_card();
  void lose_card();
  void refresh_properties();
  void unload_now(const std::string& digest);
  void reset_caches_now();
  void serve(PendingRequest request);
  void serve_or_throw(PendingRequest& request);
  ModelInstance& ensure_loaded(const PendingRequest& request);
  std::unique_ptr<ModelInstance> load(const PendingRequest& request);
  bool go_on_loading(const PendingRequest& request, std::size_t layers_loaded);
  bool evict_one();
  void make_room_for(const model::Package* package);
  void generate(ModelInstance& model, PendingRequest& request);
  bool past_deadline() const;

  const LaneOptions options_;
  const BackendFactory open_backend_;

  // Lane thread only.
  std::unique_ptr<CardBackend> backend_;
  std::map<std::string, std::unique_ptr<ModelInstance>> instances_;  // by digest; gone before backend_

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  FairQueue<PendingRequest> queue_;
  Residency residency_;
  CardState card_state_ = CardState::kOpening;
  CardStatus status_;
  Clock::time_point opened_at_{};      // of the last attempt
  Clock::time_point properties_at_{};  // of the last refresh
  bool properties_wanted_ = false;
  bool reopen_wanted_ = false;
  bool reset_wanted_ = false;
  std::uint64_t last_id_ = 0;
  std::optional<Clock::time_point> stop_deadline_;
  std::atomic<Clock::rep> deadline_ticks_{Clock::time_point::max().time_since_epoch().count()};
};

}  // namespace axllama::serving
