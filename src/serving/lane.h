#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "serving/backend.h"
#include "serving/call_watch.h"
#include "serving/card_room.h"
#include "serving/lane_load.h"
#include "serving/lane_policy.h"
#include "serving/late_answers.h"
#include "serving/pending_request.h"
#include "serving/queue_policy.h"
#include "serving/residency.h"
#include "serving/service.h"

namespace axllama::serving {

struct LaneOptions {
  PolicyOptions policy;
  std::size_t max_pending_events = 16384;
  bool drafts = true;  // models' drafts are loaded; else requests are taken as if they named none
  std::chrono::nanoseconds call_limit = std::chrono::minutes(1);   // for one engine call
  std::chrono::nanoseconds load_limit = std::chrono::minutes(10);  // for opening a card or loading a layer
  /// For deadlines, while there is nothing to do but to wait for a disk.
  std::chrono::nanoseconds look_around = std::chrono::milliseconds(100);
  /// What kRecoveryPatience is measured with, on any thread; empty: the steady clock (others: tests).
  std::function<std::chrono::steady_clock::time_point()> recovery_clock = {};
};

/// One card and its queue. run() is the body of the lane thread, which alone touches the card; everything
/// else may be called from any thread and never waits for the card. Exceptions of the lane become error
/// events.
///
/// Requests are answered several at once, one engine call each in turn; LanePolicy says who is next. One
/// whose kept beginning is still being read from a disk lets the others go on. A model is loaded only while
/// no answer is being generated: loading between executions is known to upset cards. When the card fails,
/// answers go on after recovery where they stopped, or end in time (see fault.h), even while a call is out
/// (see LateAnswers). When a call does not come back, its readers get an error, and so does everybody until
/// it does.
class Lane {
 public:
  Lane(LaneOptions options, BackendFactory open_card);

  /// Called on the lane thread each time the card has been opened; set before run().
  void on_opened(std::function<void(const CardDescription&)> callback) { on_opened_ = std::move(callback); }

  void run();
  /// Waits until the first attempt to open the card is over, at most `timeout`.
  void wait_until_opened(std::chrono::milliseconds timeout);
  /// Waits until run() has returned; false when it has not by `deadline`.
  bool wait_until_finished(std::chrono::steady_clock::time_point deadline);
  bool finished() const;

  /// Queues a request and gives its channel; throws Error (kResourceExhausted, kUnavailable). Sets
  /// `request.id` and `request.channel` itself.
  std::shared_ptr<EventChannel> submit(PendingRequest request, std::uint64_t& id);
  /// The reader of a request gave it up: takes it out of the queue if it still waits.
  void withdraw(std::uint64_t id);
  bool unload(const std::string& digest);
  void reset_caches();
  /// Refuses new requests from now on; run() returns when no work is left, or soon after `deadline`.
  void stop(std::chrono::steady_clock::time_point deadline);

  std::vector<LoadedModel> loaded() const;
  CardStatus card_status();
  std::size_t queue_length() const;
  /// A call has not come back within its limit.
  bool hung() const;
  LaneLoad load_for(const std::string& digest, std::span<const text::TokenId> prompt) const;

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;
  using Stranded = std::vector<std::unique_ptr<RunningRequest>>;

  enum class CardState { kOpening, kOpen, kLost, kFailed, kHung };

  // lane.cc: the queue and what is to be done next. Lane thread, mutex held.
  void work_once(Lock& lock);
  void act(LanePolicy::Action action, Lock& lock);
  void rest(Clock::time_point until, Lock& lock);
  bool all_wait() const;
  PendingRequest take_waiting(std::uint64_t id);
  void end_waiting(const base::Error& error);
  bool nothing_but_steps() const;
  LanePolicy::FreeSlots free_slots() const;
  bool refresh_is_due(Clock::time_point now) const;
  void wake();
  void forget(std::uint64_t id);
  bool past_deadline() const;
  void begin_call(std::string what, std::chrono::nanoseconds limit);
  void end_call();
  void remember_prompt(const PendingRequest& request);

  // lane_card.cc: the card and the models on it. Lane thread, mutex not held.
  void open_card();
  void lose_card();
  void on_hung(const std::string& call, std::chrono::nanoseconds limit);  // any thread
  Clock::time_point tell_late();                                          // any thread
  static Clock::time_point when_due(Clock::time_point due, Clock::time_point now);
  void require_card();
  std::optional<axcl::CardProperties> read_properties();
  void refresh_properties();
  void unload_now(const std::string& digest);
  void reset_caches_now();
  ModelInstance& ensure_loaded(const PendingRequest& request);
  void add_model(const PendingRequest& request);
  void ensure_draft(const PendingRequest& request, ModelInstance& instance);
  std::string load_draft(const PendingRequest& request, ModelInstance& instance);
  std::unique_ptr<ModelInstance> load_model(const PendingRequest& request, const ModelReference& model);
  std::unique_ptr<ModelInstance> load_where_it_fits(const PendingRequest& request,
                                                    const ModelReference& model);
  void measure_costs(const PendingRequest& request, const ModelReference& model, ModelInstance& instance);
  bool go_on_loading(const PendingRequest& request, std::size_t layers_loaded);
  bool is_awaited(const PendingRequest& request) const;
  bool evict_one();
  bool release_spare_memory();
  void make_room_in_number(const ModelReference& model);
  void make_room_for(const ModelReference& model);
  CardRoom room_for(const ModelReference& model, const std::optional<axcl::CardProperties>& properties) const;

  // lane_requests.cc: answering. Lane thread, mutex not held.
  void admit(PendingRequest request);
  void restore(LanePolicy::Restore missed);
  bool begin(PendingRequest& request);
  void end_cancelled();
  void step_next();
  RunningRequest& next_in_turn();
  bool may_begin_another() const;
  void finish_step(RunningRequest& running);
  void end_begun_step();
  std::unique_ptr<RunningRequest> take_out(std::uint64_t id);
  void cancel(RunningRequest& running);
  void end_running(const base::Error& error);
  void end(RunningRequest& running, ResponseEvent last);
  void take_turn_later(std::unique_ptr<RunningRequest> running);
  void end_hang();
  void end_use(const std::string& digest);
  bool put_back(PendingRequest& request);
  void handle_failure(std::uint64_t id, const base::Error& error);
  void note_progress(RunningRequest& running, bool token);
  void note_failure(const RunningRequest& running, const base::Error& error);
  void suspend(RunningRequest& running);
  Clock::time_point recovery_time() const;
  bool is_late(const RunningRequest& running) const;
  void end_late(RunningRequest& running);
  Stranded strand(const std::string* digest, const base::Error& error);
  void recover(Stranded stranded);
  void end_late_stranded();
  Stranded::iterator find_stranded(std::uint64_t id);
  std::unique_ptr<RunningRequest> take_stranded(Stranded::iterator place);
  void make_ready(const PendingRequest& request);
  void could_not_make_ready(const PendingRequest& request, const base::Error& error);
  bool stranded_wait_for(const std::string& digest) const;
  bool work_idle();

  const LaneOptions options_;
  const BackendFactory open_backend_;
  std::function<void(const CardDescription&)> on_opened_;

  // Lane thread only.
  std::unique_ptr<CardBackend> backend_;
  std::map<std::string, std::unique_ptr<ModelInstance>> instances_;  // by digest; gone before backend_
  FairQueue<std::unique_ptr<RunningRequest>> running_;               // gone before instances_
  RunningRequest* begun_ = nullptr;  // of running_: its step has begun, and the card is at work for it
  Stranded stranded_;                // off the card and to be made ready again; empty but while recovering
  bool was_hung_ = false;            // a call came back long after its limit; not yet dealt with

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;  // something has happened that the lane has not looked at yet
  LanePolicy policy_;
  Residency& residency_ = policy_.residency();
  std::map<std::uint64_t, PendingRequest> waiting_;                   // what the policy's queue stands for
  std::map<std::uint64_t, std::shared_ptr<EventChannel>> answering_;  // taken from the queue and not ended
  std::map<std::string, std::deque<std::vector<text::TokenId>>> recent_prompts_;  // by digest
  CardState card_state_ = CardState::kOpening;
  CardStatus status_;
  Clock::time_point opened_at_{};      // of the last attempt
  Clock::time_point properties_at_{};  // of the last refresh
  bool properties_wanted_ = false;
  bool reopen_wanted_ = false;
  bool reset_wanted_ = false;
  bool finished_ = false;
  std::uint64_t last_id_ = 0;
  std::optional<Clock::time_point> stop_deadline_;
  std::atomic<Clock::rep> deadline_ticks_{Clock::time_point::max().time_since_epoch().count()};

  LateAnswers late_;  // of running_ and stranded_: those that have failed and not gone on since

  CallWatch watch_;  // last: its thread uses the others
};

}  // namespace axllama::serving
