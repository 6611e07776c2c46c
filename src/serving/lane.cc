#include "serving/lane.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "serving/lane_events.h"

namespace axllama::serving {

using base::Error;
using base::ErrorCode;
using inference::FinishReason;
using namespace std::chrono_literals;

namespace {

constexpr auto kPropertiesAge = 5s;            // older ones are refreshed on demand when the lane is idle,
constexpr auto kPropertiesAgeWhenBusy = 60s;   // and between two engine calls when it never is
constexpr auto kReopenPause = 10s;             // between attempts to open a card that could not be opened
constexpr std::size_t kRememberedPrompts = 8;  // per model

}  // namespace

Lane::Lane(LaneOptions options, BackendFactory open_card)
    : options_(options),
      open_backend_(std::move(open_card)),
      policy_(options.policy),
      properties_at_(Clock::now() - kPropertiesAge),
      watch_([this](const std::string& call, std::chrono::nanoseconds limit) { on_hung(call, limit); },
             [this] { return tell_late(); }) {
  status_.problem = "The card is being opened.";
}

void Lane::wait_until_opened(std::chrono::milliseconds timeout) {
  Lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return card_state_ != CardState::kOpening; });
}

bool Lane::wait_until_finished(Clock::time_point deadline) {
  Lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return finished_; });
}

std::shared_ptr<EventChannel> Lane::submit(PendingRequest request, std::uint64_t& id) {
  const std::lock_guard lock(mutex_);
  if (stop_deadline_) {
    throw shutting_down();
  }
  if (card_state_ == CardState::kFailed && Clock::now() - opened_at_ >= kReopenPause) {
    reopen_wanted_ = true;
    wake();
  }
  if (card_state_ == CardState::kFailed || card_state_ == CardState::kHung) {
    throw Error(ErrorCode::kUnavailable, status_.problem);
  }
  if (!options_.drafts) {
    request.model.draft.reset();
  }
  request.id = last_id_ + 1;
  if (!policy_.submit(ticket_of(request))) {
    throw Error(ErrorCode::kResourceExhausted,
                "server busy, please try again.  maximum pending requests exceeded");
  }
  auto channel = std::make_shared<EventChannel>(options_.max_pending_events);
  id = ++last_id_;
  request.channel = channel;
  if (request.pin) {
    residency_.pin(request.model.digest);
  }
  remember_prompt(request);
  waiting_.emplace(id, std::move(request));
  wake();
  return channel;
}

void Lane::remember_prompt(const PendingRequest& request) {
  if (request.generation) {
    const std::vector<text::TokenId>& prompt = request.generation->prompt;
    auto& prompts = recent_prompts_[request.model.digest];
    std::erase_if(prompts, [&](const std::vector<text::TokenId>& known) {  // an earlier turn
      return known.size() <= prompt.size() && std::equal(known.begin(), known.end(), prompt.begin());
    });
    prompts.push_back(prompt);
    if (prompts.size() > kRememberedPrompts) {
      prompts.pop_front();
    }
  }
}

void Lane::withdraw(std::uint64_t id) {
  std::optional<PendingRequest> request;
  {
    const std::lock_guard lock(mutex_);
    if (policy_.withdraw(id)) {
      request = take_waiting(id);
    } else {
      wake();  // it may be one that waits for a disk
    }
  }
  if (request) {
    request->channel->push(end_event(FinishReason::kCancelled));
  }
}

bool Lane::unload(const std::string& digest) {
  const std::lock_guard lock(mutex_);
  wake();
  return residency_.request_unload(digest);
}

void Lane::reset_caches() {
  const std::lock_guard lock(mutex_);
  reset_wanted_ = true;
  recent_prompts_.clear();
  wake();
}

void Lane::stop(Clock::time_point deadline) {
  const std::lock_guard lock(mutex_);
  stop_deadline_ = stop_deadline_ ? std::min(*stop_deadline_, deadline) : deadline;
  deadline_ticks_ = stop_deadline_->time_since_epoch().count();
  wake();
}

std::vector<LoadedModel> Lane::loaded() const {
  const std::lock_guard lock(mutex_);
  return residency_.snapshot(Clock::now(), std::chrono::system_clock::now());
}

CardStatus Lane::card_status() {
  const std::lock_guard lock(mutex_);
  if (status_.available && !properties_wanted_ && Clock::now() - properties_at_ >= kPropertiesAge) {
    properties_wanted_ = true;
    wake();
  }
  return status_;
}

std::size_t Lane::queue_length() const {
  const std::lock_guard lock(mutex_);
  return policy_.waiting();
}

bool Lane::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

bool Lane::hung() const {
  const std::lock_guard lock(mutex_);
  return card_state_ == CardState::kHung;
}

LaneLoad Lane::load_for(const std::string& digest, std::span<const text::TokenId> prompt) const {
  const std::lock_guard lock(mutex_);
  LaneLoad load;
  load.usable = card_state_ != CardState::kFailed && card_state_ != CardState::kHung;
  load.loaded = residency_.contains(digest);
  load.waiting = policy_.waiting();
  load.running = answering_.size();
  if (const auto found = recent_prompts_.find(digest); found != recent_prompts_.end()) {
    for (const std::vector<text::TokenId>& known : found->second) {
      const auto most = static_cast<std::ptrdiff_t>(std::min(known.size(), prompt.size()));
      const auto differs = std::mismatch(known.begin(), known.begin() + most, prompt.begin()).first;
      load.matching_tokens =
          std::max(load.matching_tokens, static_cast<std::size_t>(differs - known.begin()));
    }
  }
  return load;
}

bool Lane::past_deadline() const {
  return Clock::now().time_since_epoch().count() >= deadline_ticks_;
}

void Lane::wake() {
  woken_ = true;
  changed_.notify_all();
}

PendingRequest Lane::take_waiting(std::uint64_t id) {
  return std::move(waiting_.extract(id).mapped());
}

void Lane::end_waiting(const Error& error) {
  for (const Ticket& ticket : policy_.clear_queue()) {
    take_waiting(ticket.id).channel->push(error);
  }
}

/// A request that was taken from the queue is over.
void Lane::forget(std::uint64_t id) {
  answering_.erase(id);
  late_.remove(id);
  policy_.ended(id);
}

void Lane::run() {
  open_card();
  Lock lock(mutex_);
  while (true) {
    woken_ = false;
    lock.unlock();
    if (past_deadline()) {
      end_running(shutting_down());
    } else if (!was_hung_) {
      end_cancelled();
    }
    lock.lock();
    if (past_deadline()) {
      end_waiting(shutting_down());
    }
    if (stop_deadline_ && policy_.waiting() == 0 && running_.empty()) {
      break;
    }
    work_once(lock);
  }
  residency_.lose_all();
  status_.available = false;
  status_.problem = shutting_down().message();
  lock.unlock();
  instances_.clear();
  backend_.reset();
  lock.lock();
  finished_ = true;
  changed_.notify_all();
}

/// Does the most urgent piece of work, never longer than one engine call; waits when there is none.
void Lane::work_once(Lock& lock) {
  const Clock::time_point now = Clock::now();
  const auto unlocked = [&lock](auto&& work) {
    lock.unlock();
    work();
    lock.lock();
  };
  if (was_hung_) {
    unlocked([this] { end_hang(); });
  } else if (begun_ != nullptr) {
    unlocked([this] { step_next(); });
  } else if (std::exchange(reset_wanted_, false)) {
    unlocked([this] { reset_caches_now(); });
  } else if (std::exchange(reopen_wanted_, false)) {
    unlocked([this] { open_card(); });
  } else if (refresh_is_due(now)) {
    unlocked([this] { refresh_properties(); });
  } else {
    act(policy_.next(now, free_slots()), lock);
  }
}

/// Whether work_once() would do nothing but advance running requests.
bool Lane::nothing_but_steps() const {
  const Clock::time_point now = Clock::now();
  return !reset_wanted_ && !reopen_wanted_ && !past_deadline() && !refresh_is_due(now) &&
         policy_.only_advances(now, free_slots());
}

/// For the policy; while models come and go it is of no use.
LanePolicy::FreeSlots Lane::free_slots() const {
  return [this](const std::string& digest) { return instances_.at(digest)->free_slots(); };
}

void Lane::act(LanePolicy::Action action, Lock& lock) {
  if (const auto* expire = std::get_if<LanePolicy::Expire>(&action)) {
    // An answer whose time is over before it began ends as one that was cut.
    const PendingRequest request = take_waiting(expire->ticket.id);
    request.channel->push(end_event(FinishReason::kLength, request.generation->prompt.size()));
  } else if (const auto* unload = std::get_if<LanePolicy::Unload>(&action)) {
    lock.unlock();
    unload_now(unload->digest);
    lock.lock();
  } else if (const auto* chosen = std::get_if<LanePolicy::Admit>(&action)) {
    PendingRequest request = take_waiting(chosen->ticket.id);
    answering_.emplace(request.id, request.channel);
    lock.unlock();
    admit(std::move(request));
    lock.lock();
  } else if (auto* missed = std::get_if<LanePolicy::Restore>(&action)) {
    lock.unlock();
    restore(std::move(*missed));
    lock.lock();
  } else if (const auto* pause = std::get_if<LanePolicy::Rest>(&action)) {
    rest(pause->until, lock);
  } else {
    lock.unlock();
    const bool waits = all_wait();
    lock.lock();
    if (waits) {
      rest(Clock::now() + options_.look_around, lock);
    }
    lock.unlock();
    step_next();
    lock.lock();
  }
}

/// Whether all that runs waits for a disk. Called after woken_ was reset: what becomes ready later wakes the
/// lane. Mutex not held, as a tier holds its own when it wakes us.
bool Lane::all_wait() const {
  return !running_.contains([](const auto& running) { return !running->generation->waits(); });
}

/// Does work for which there is time now, else waits for something to happen.
void Lane::rest(Clock::time_point until, Lock& lock) {
  lock.unlock();
  const bool worked = work_idle();
  lock.lock();
  const Clock::time_point wake_up = std::min(until, stop_deadline_.value_or(Clock::time_point::max()));
  const auto woken = [this] { return woken_; };
  if (worked) {
    return;
  }
  if (wake_up == Clock::time_point::max()) {
    changed_.wait(lock, woken);
  } else {
    changed_.wait_until(lock, wake_up, woken);
  }
}

bool Lane::refresh_is_due(Clock::time_point now) const {
  const bool busy = policy_.waiting() > 0 || !running_.empty();
  return properties_wanted_ && status_.available &&
         now - properties_at_ >= (busy ? kPropertiesAgeWhenBusy : kPropertiesAge);
}

}  // namespace axllama::serving
