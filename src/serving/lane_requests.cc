// The lane's requests: beginning answers, advancing them in turn, and what happens when the card fails.

#include <algorithm>
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
      std::vector<RunningRequest> stranded = strand(nullptr);
      if (backend_) {
        lose_card();
      }
      recover(std::move(stranded));
    }
  }
  const std::lock_guard lock(mutex_);
  answering_.erase(request.id);
}

/// True when an answer has begun; false when there is nothing (more) to do for the request.
bool Lane::begin(PendingRequest& request) {
  const Clock::time_point start = Clock::now();
  require_card();
  RunningRequest running;
  running.model = &ensure_loaded(request);
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
        running.generation = running.model->start(*request.generation);
        end_call();
      } else {
        request.channel->push(end_event(FinishReason::kStop));
      }
    }
  } catch (const Error& error) {
    end_call();
    end_use(digest);
    // The card had no memory for another KV slot: the request waits for one of those there are.
    if (error.code() == ErrorCode::kResourceExhausted && running.model->free_slots() == 0) {
      const std::lock_guard lock(mutex_);
      answering_.erase(request.id);
      const std::string client = request.client;
      queue_.push_front(client, std::move(request));
      return true;
    }
    throw;
  } catch (...) {
    end_call();
    end_use(digest);
    throw;
  }
  if (!running.generation) {
    end_use(digest);
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    residency_.resized(digest, running.model->card_bytes());
  }
  request.generation.reset();
  running.request = std::move(request);
  take_turn_later(std::move(running));
  return true;
}

void Lane::take_turn_later(RunningRequest running) {
  const std::string client = running.request.client;
  running_.push(client, std::move(running));
}

/// The last event of a running request; its KV slot is free then.
void Lane::end(RunningRequest& running, ResponseEvent last) {
  running.generation.reset();
  if (running.model != nullptr) {
    end_use(running.request.model.digest);
  }
  running.request.channel->push(std::move(last));
  const std::lock_guard lock(mutex_);
  answering_.erase(running.request.id);
}

void Lane::end_running(const Error& error) {
  while (auto running = running_.pop()) {
    end(*running, error);
  }
}

void Lane::end_cancelled() {
  while (auto running = running_.take(
             [](const RunningRequest& candidate) { return candidate.request.channel->cancelled(); })) {
    end(*running, running->generation->cancel());
  }
}

/// One engine call for the request whose turn it is.
void Lane::step_next() {
  auto running = running_.pop();
  inference::TokenEvent event;
  std::optional<Error> failure;
  begin_call("answering for " + running->request.model.name, options_.call_limit);
  try {
    event = running->generation->step();
  } catch (...) {
    failure = as_error(std::current_exception());
  }
  end_call();
  if (was_hung_) {
    take_turn_later(std::move(*running));
  } else if (failure) {
    handle_failure(std::move(*running), *failure);
  } else {
    pass_on(std::move(*running), std::move(event));
  }
}

void Lane::pass_on(RunningRequest running, inference::TokenEvent event) {
  if (!event.tokens.empty()) {
    running.failures = 0;
  }
  const bool empty = event.tokens.empty() && event.text.empty();
  if (event.done) {
    end(running, std::move(event));
  } else if (empty || running.request.channel->push(std::move(event))) {
    take_turn_later(std::move(running));
  } else {
    end(running, running.generation->cancel());  // the reader fell behind
  }
}

/// A call came back after its readers, and everybody else, had been told that it does not. Nobody listens any
/// more, and the card is not trusted.
void Lane::end_hang() {
  end_running(Error(ErrorCode::kUnavailable, "The card had stopped answering."));
  lose_card();
  was_hung_ = false;
}

/// Takes the running requests of a model, or of all where `digest` is null, off the card.
std::vector<RunningRequest> Lane::strand(const std::string* digest) {
  std::vector<RunningRequest> stranded;
  while (auto running = running_.take([&](const RunningRequest& candidate) {
    return digest == nullptr || candidate.request.model.digest == *digest;
  })) {
    running->generation->suspend();
    running->model = nullptr;
    stranded.push_back(std::move(*running));
  }
  return stranded;
}

/// See fault.h.
void Lane::handle_failure(RunningRequest running, const Error& error) {
  ++running.failures;
  const Recovery recovery = recovery_for(error, running.failures);
  if (recovery == Recovery::kRefuse) {
    end(running, error);
    return;
  }
  log_failure(error, recovery_name(recovery));
  running.generation->suspend();
  const std::string digest = running.request.model.digest;
  std::vector<RunningRequest> stranded;
  if (recovery == Recovery::kReload) {
    stranded = strand(&digest);
    {
      const std::lock_guard lock(mutex_);
      residency_.remove(digest);
    }
    unload_now(digest);
  } else if (recovery == Recovery::kReset) {
    stranded = strand(nullptr);
    lose_card();
  } else {
    end_use(digest);  // it begins anew below
  }
  running.model = nullptr;
  stranded.push_back(std::move(running));
  recover(std::move(stranded));
}

/// Makes requests that are off the card ready to go on. When that fails, the card is opened anew, for those
/// that had gone on too, until it works, or is refused, or takes too long.
void Lane::recover(std::vector<RunningRequest> stranded) {
  recovery_deadline_ = Clock::now() + kRecoveryPatience;
  while (!stranded.empty()) {
    RunningRequest running = std::move(stranded.back());
    stranded.pop_back();
    try {
      require_card();
      running.model = &ensure_loaded(running.request);
      begin_call("going on with an answer", options_.call_limit);
      running.model->resume(*running.generation);
      end_call();
      take_turn_later(std::move(running));
    } catch (...) {
      end_call();
      const Error error = as_error(std::current_exception());
      ++running.failures;
      const bool late = Clock::now() >= *recovery_deadline_;
      if (running.model != nullptr) {
        end_use(running.request.model.digest);
        running.model = nullptr;
      }
      if (late) {
        end(running, Error(ErrorCode::kUnavailable,
                           "The card failed while it answered and was not ready again within " +
                               std::to_string(kRecoveryPatience.count()) + " seconds. Please try again.",
                           error.what()));
      } else if (recovery_for(error, running.failures) == Recovery::kRefuse) {
        end(running, error);
      } else {
        stranded.push_back(std::move(running));
      }
      if (is_card_failure(error) && backend_) {
        for (RunningRequest& other : strand(nullptr)) {
          stranded.push_back(std::move(other));
        }
        lose_card();
      }
    }
  }
  recovery_deadline_.reset();
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
