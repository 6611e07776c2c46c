// The lane's requests: beginning answers, advancing them in turn, and what happens when the card fails.

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "base/error.h"
#include "serving/fault.h"
#include "serving/lane.h"
#include "serving/lane_events.h"
#include "telemetry/log.h"

namespace axllama::serving {

using base::Error;
using base::ErrorCode;
using inference::FinishReason;
using telemetry::LogLevel;
using namespace std::chrono_literals;

namespace {

void log_failure(const Error& error, const char* what_follows) {
  telemetry::log(LogLevel::kWarning, "the card failed",
                 {{"error", error.what()}, {"recovery", what_follows}});
}

/// What `work` throws; empty when it does not.
template <typename Work>
std::optional<Error> failure_of(Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (...) {
    return as_error(std::current_exception());
  }
  return std::nullopt;
}

/// A load that failed for reasons of the card or its memory, not of the model.
bool may_work_later(const Error& error) {
  return is_card_failure(error) || error.code() == ErrorCode::kResourceExhausted;
}

}  // namespace

void Lane::end_use(const std::string& digest) {
  const std::lock_guard lock(mutex_);
  residency_.end_use(digest, Clock::now());
}

/// A request that has been taken from the queue.
void Lane::admit(PendingRequest request) {
  try {
    if (begin(request)) {
      return;
    }
  } catch (...) {
    const Error error = as_error(std::current_exception());
    const bool reader_left = error.code() == ErrorCode::kCancelled && request.channel->cancelled();
    request.channel->push(reader_left ? ResponseEvent(end_event(FinishReason::kCancelled))
                                      : ResponseEvent(error));
    if (is_card_failure(error) && !past_deadline()) {
      log_failure(error, recovery_name(Recovery::kReset));
      Stranded stranded = strand(nullptr, error);
      if (backend_) {
        lose_card();
      }
      recover(std::move(stranded));
    }
  }
  const std::lock_guard lock(mutex_);
  forget(request.id);
}

/// A pinned model that was lost with the card comes back without anybody's asking.
void Lane::restore(LanePolicy::Restore missed) {
  PendingRequest request;
  request.id = missed.id;
  request.model = missed.model;
  request.channel = std::make_shared<EventChannel>(options_.max_pending_events);
  const std::shared_ptr<EventChannel> channel = request.channel;
  {
    const std::lock_guard lock(mutex_);
    answering_.emplace(request.id, channel);
  }
  admit(std::move(request));
  std::optional<ResponseEvent> last;
  while (auto event = channel->try_next()) {
    last = std::move(event);
  }
  const auto* error = last ? std::get_if<Error>(&*last) : nullptr;
  if (error == nullptr) {
    telemetry::log(LogLevel::kInfo, "a pinned model is back on the card", {{"model", missed.model.name}});
    return;
  }
  telemetry::log(LogLevel::kWarning, "a pinned model could not be brought back",
                 {{"model", missed.model.name}, {"error", error->what()}});
  if (!may_work_later(*error)) {
    const std::lock_guard lock(mutex_);
    residency_.give_up(missed.model.digest);
  }
}

/// True when an answer has begun; false when there is nothing (more) to do for the request.
bool Lane::begin(PendingRequest& request) {
  const Clock::time_point start = Clock::now();
  require_card();
  auto running = std::make_unique<RunningRequest>();
  running->model = &ensure_loaded(request);
  const std::string digest = request.model.digest;
  try {
    if (request.channel->cancelled()) {
      request.channel->push(end_event(FinishReason::kCancelled));
    } else {
      if (!std::exchange(request.told_ready, true)) {
        request.channel->push(ModelReady{std::max<std::chrono::nanoseconds>(Clock::now() - start, 1ns)});
      }
      if (request.generation) {
        begin_call("beginning an answer", options_.call_limit);
        running->generation = running->model->start(*request.generation);
        end_call();
      } else {
        request.channel->push(end_event(FinishReason::kStop));
      }
    }
  } catch (const Error& error) {
    end_call();
    end_use(digest);
    // The card had no memory for another KV slot: the request waits for one of those there are.
    if (error.code() == ErrorCode::kResourceExhausted && running->model->free_slots() == 0 &&
        put_back(request)) {
      return true;
    }
    throw;
  } catch (...) {
    end_call();
    end_use(digest);
    throw;
  }
  if (!running->generation) {
    end_use(digest);
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    residency_.resized(digest, running->model->card_bytes());
  }
  request.generation.reset();
  running->request = std::move(request);
  take_turn_later(std::move(running));
  return true;
}

/// A request that was taken from the queue waits again, for others with its model to end. False when there
/// are none.
bool Lane::put_back(PendingRequest& request) {
  const std::lock_guard lock(mutex_);
  if (policy_.running(request.model.digest) <= 1) {
    return false;
  }
  answering_.erase(request.id);
  policy_.put_back(ticket_of(request));
  const std::uint64_t id = request.id;
  waiting_.emplace(id, std::move(request));
  return true;
}

void Lane::take_turn_later(std::unique_ptr<RunningRequest> running) {
  const std::string client = running->request.client;
  running_.push(client, std::move(running));
}

/// Null when it has ended.
std::unique_ptr<RunningRequest> Lane::take_out(std::uint64_t id) {
  auto taken = running_.take([id](const auto& candidate) { return candidate->request.id == id; });
  return taken ? std::move(*taken) : nullptr;
}

/// The last event of a running request that was taken out; its KV slot is free then. When its step had begun
/// that takes a wait for the card.
void Lane::end(RunningRequest& running, ResponseEvent last) {
  if (begun_ == &running) {
    begun_ = nullptr;
  }
  begin_call("ending an answer of " + running.request.model.name, options_.call_limit);
  running.generation.reset();
  end_call();
  if (running.model != nullptr) {
    end_use(running.request.model.digest);
  }
  running.request.channel->push(std::move(last));
  const std::lock_guard lock(mutex_);
  forget(running.request.id);
}

void Lane::end_running(const Error& error) {
  while (auto running = running_.pop()) {
    end(**running, error);
  }
}

/// Those whose readers have left, or have been told that they are late.
void Lane::end_cancelled() {
  while (auto running = running_.take([](const auto& candidate) {
    return candidate->request.channel->cancelled() || candidate->request.channel->closed();
  })) {
    cancel(**running);
  }
}

void Lane::cancel(RunningRequest& running) {
  begin_call("ending an answer of " + running.request.model.name, options_.call_limit);
  inference::TokenEvent last = running.generation->cancel();
  end_call();
  end(running, std::move(last));
}

/// The running request whose turn it is; it is the last of its client then.
RunningRequest& Lane::next_in_turn() {
  std::unique_ptr<RunningRequest> running = std::move(*running_.pop());
  RunningRequest& request = *running;
  take_turn_later(std::move(running));
  return request;
}

/// One engine call for the request whose turn it is. Where nothing else is to do, the call after it begins as
/// soon as the card has done its part of this one, so that the card works while the host chooses the token.
void Lane::step_next() {
  const bool had_begun = begun_ != nullptr;
  RunningRequest& current = had_begun ? *std::exchange(begun_, nullptr) : next_in_turn();
  begin_call("answering for " + current.request.model.name, options_.call_limit);
  const std::optional<Error> failure = failure_of([&] {
    if (!had_begun) {
      current.generation->begin_step();
    }
    current.generation->await_step();
  });
  std::uint64_t other = 0;
  std::optional<Error> other_failure;
  if (!failure && may_begin_another()) {
    RunningRequest& next = next_in_turn();
    other = next.request.id;
    other_failure = failure_of([&] { next.generation->begin_step(); });
    begun_ = other_failure ? nullptr : &next;
  }
  end_call();
  if (was_hung_) {
    return;
  }
  if (failure) {
    handle_failure(current.request.id, *failure);
  } else {
    finish_step(current);
  }
  if (other_failure) {
    handle_failure(other, *other_failure);
  }
}

/// Whether there is another request, and nothing that must not be done while the card is at work.
bool Lane::may_begin_another() const {
  const std::lock_guard lock(mutex_);
  return running_.size() > 1 && nothing_but_steps();
}

/// The host's part of a step; what it brought goes to the reader.
void Lane::finish_step(RunningRequest& running) {
  const std::uint64_t id = running.request.id;
  inference::TokenEvent event;
  const std::optional<Error> failure = failure_of([&] { event = running.generation->finish_step(); });
  if (failure) {
    end_begun_step();
    handle_failure(id, *failure);
    return;
  }
  note_progress(running, !event.tokens.empty());
  const bool empty = event.tokens.empty() && event.text.empty();
  if (event.done) {
    end(*take_out(id), std::move(event));
  } else if (!empty && !running.request.channel->push(std::move(event))) {
    cancel(*take_out(id));  // the reader fell behind
  }
}

/// Leaves no work on the card, so that it can be asked for something else.
void Lane::end_begun_step() {
  if (begun_ == nullptr) {
    return;
  }
  RunningRequest& running = *std::exchange(begun_, nullptr);
  begin_call("answering for " + running.request.model.name, options_.call_limit);
  const std::optional<Error> failure = failure_of([&] { running.generation->await_step(); });
  end_call();
  if (failure) {
    handle_failure(running.request.id, *failure);
  } else {
    finish_step(running);
  }
}

/// A call came back after its readers, and everybody else, had been told that it does not. Nobody listens any
/// more, and the card is not trusted.
void Lane::end_hang() {
  end_running(Error(ErrorCode::kUnavailable, "The card had stopped answering."));
  lose_card();
  was_hung_ = false;
}

/// A step has been done. An answer that had begun has gone on only when it has brought a token (`token`), as
/// computing again what was there belongs to recovery.
void Lane::note_progress(RunningRequest& running, bool token) {
  running.has_tokens = running.has_tokens || token;
  if (token) {
    running.failures = 0;
  }
  if (token || !running.has_tokens) {
    late_.remove(running.request.id);
  }
}

/// An answer that has failed, or whose card or model has.
void Lane::note_failure(const RunningRequest& running, const Error& error) {
  late_.failed(running.request.id, running.request.channel, error.what(), recovery_time());
}

/// Its time is over, or its reader has been told so already.
bool Lane::is_late(const RunningRequest& running) const {
  return running.request.channel->closed() || late_.is_late(running.request.id, recovery_time());
}

void Lane::end_late(RunningRequest& running) {
  end(running, late_.error_for(running.request.id));
}

/// Takes it off the card.
void Lane::suspend(RunningRequest& running) {
  begin_call("suspending an answer of " + running.request.model.name, options_.call_limit);
  running.generation->suspend();
  end_call();
  running.model = nullptr;
}

Lane::Clock::time_point Lane::recovery_time() const {
  return options_.recovery_clock ? options_.recovery_clock() : Clock::now();
}

/// Takes the running requests of a model, or of all where `digest` is null, off the card, which has failed.
Lane::Stranded Lane::strand(const std::string* digest, const Error& error) {
  Stranded stranded;
  while (auto running = running_.take([&](const auto& candidate) {
    return digest == nullptr || candidate->request.model.digest == *digest;
  })) {
    if (begun_ == running->get()) {
      begun_ = nullptr;
    }
    note_failure(**running, error);
    suspend(**running);
    stranded.push_back(std::move(*running));
  }
  return stranded;
}

/// See fault.h.
void Lane::handle_failure(std::uint64_t id, const Error& error) {
  std::unique_ptr<RunningRequest> running = take_out(id);
  if (!running) {
    return;
  }
  ++running->failures;
  note_failure(*running, error);
  const Recovery recovery = recovery_for(error, running->failures);
  if (recovery == Recovery::kRefuse) {
    end(*running, error);
    return;
  }
  if (is_late(*running)) {
    end_late(*running);
    return;
  }
  log_failure(error, recovery_name(recovery));
  suspend(*running);
  const std::string digest = running->request.model.digest;
  Stranded stranded;
  if (recovery == Recovery::kReload) {
    stranded = strand(&digest, error);
    {
      const std::lock_guard lock(mutex_);
      residency_.lose(digest);
    }
    unload_now(digest);
  } else if (recovery == Recovery::kReset) {
    stranded = strand(nullptr, error);
    lose_card();
  } else {
    end_use(digest);  // it begins anew below
  }
  stranded.push_back(std::move(running));
  recover(std::move(stranded));
}

/// Makes requests that are off the card ready to go on. When that fails, the card is opened anew, for those
/// that had gone on too, until it works, or is refused, or takes too long.
void Lane::recover(Stranded stranded) {
  stranded_ = std::move(stranded);
  while (end_late_stranded(), !stranded_.empty()) {
    const PendingRequest request = stranded_.back()->request;  // it may end while its model is loaded
    const std::optional<Error> failure = failure_of([&] { make_ready(request); });
    end_call();
    if (failure) {
      could_not_make_ready(request, *failure);
    }
  }
}

void Lane::end_late_stranded() {
  while (true) {
    const auto late = std::find_if(stranded_.begin(), stranded_.end(),
                                   [this](const auto& candidate) { return is_late(*candidate); });
    if (late == stranded_.end()) {
      return;
    }
    end_late(*take_stranded(late));
  }
}

/// The end of stranded_ when it has ended.
Lane::Stranded::iterator Lane::find_stranded(std::uint64_t id) {
  return std::find_if(stranded_.begin(), stranded_.end(),
                      [id](const auto& candidate) { return candidate->request.id == id; });
}

std::unique_ptr<RunningRequest> Lane::take_stranded(Stranded::iterator place) {
  std::unique_ptr<RunningRequest> taken = std::move(*place);
  stranded_.erase(place);
  return taken;
}

bool Lane::stranded_wait_for(const std::string& digest) const {
  return std::any_of(stranded_.begin(), stranded_.end(), [&digest](const auto& candidate) {
    return candidate->request.model.digest == digest && !candidate->request.channel->cancelled();
  });
}

/// The model of a stranded request is loaded, and its answer goes on, if it has not ended meanwhile.
void Lane::make_ready(const PendingRequest& request) {
  require_card();
  ModelInstance& model = ensure_loaded(request);
  end_late_stranded();
  const auto running = find_stranded(request.id);
  if (running == stranded_.end()) {
    end_use(request.model.digest);
    return;
  }
  begin_call("going on with an answer", options_.call_limit);
  try {
    model.resume(*(*running)->generation);
  } catch (...) {
    end_use(request.model.digest);
    throw;
  }
  end_call();
  (*running)->model = &model;
  late_.ready(request.id);
  take_turn_later(take_stranded(running));
}

void Lane::could_not_make_ready(const PendingRequest& request, const Error& error) {
  if (const auto place = find_stranded(request.id); place != stranded_.end()) {
    RunningRequest& running = **place;
    ++running.failures;
    note_failure(running, error);
    if (!is_late(running) && recovery_for(error, running.failures) == Recovery::kRefuse) {
      end(*take_stranded(place), error);
    }
  }
  if (is_card_failure(error) && backend_) {
    std::ranges::move(strand(nullptr, error), std::back_inserter(stranded_));
    lose_card();
  }
}

/// Only while nothing else is to do; errors show with the next request.
bool Lane::work_idle() {
  for (const auto& [digest, instance] : instances_) {
    begin_call("saving a conversation", options_.call_limit);
    bool worked = false;
    try {
      worked = instance->work_idle();
    } catch (...) {
      log_failure(as_error(std::current_exception()), "with the next request");
    }
    end_call();
    if (worked) {
      return true;
    }
  }
  return false;
}

}  // namespace axllama::serving
