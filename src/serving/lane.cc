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
constexpr std::size_t kMostOvertakings = 4;    // of a request that waits for its model to be loaded
constexpr std::size_t kRememberedPrompts = 8;  // per model

}  // namespace

Lane::Lane(LaneOptions options, BackendFactory open_card)
    : options_(options),
      open_backend_(std::move(open_card)),
      residency_(options.default_keep_alive),
      properties_at_(Clock::now() - kPropertiesAge),
      watch_([this](const std::string& call, std::chrono::nanoseconds limit) { on_hung(call, limit); }) {
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
    changed_.notify_all();
  }
  if (card_state_ == CardState::kFailed || card_state_ == CardState::kHung) {
    throw Error(ErrorCode::kUnavailable, status_.problem);
  }
  if (queue_.size() >= options_.max_queue) {
    throw Error(ErrorCode::kResourceExhausted,
                "server busy, please try again.  maximum pending requests exceeded");
  }
  auto channel = std::make_shared<EventChannel>(options_.max_pending_events);
  id = ++last_id_;
  request.id = id;
  request.channel = channel;
  remember_prompt(request);
  const std::string client = request.client;
  queue_.push(client, std::move(request));
  changed_.notify_all();
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
    request = queue_.take([id](const PendingRequest& waiting) { return waiting.id == id; });
  }
  if (request) {
    request->channel->push(end_event(FinishReason::kCancelled));
  }
}

bool Lane::unload(const std::string& digest) {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
  return residency_.request_unload(digest);
}

void Lane::reset_caches() {
  const std::lock_guard lock(mutex_);
  reset_wanted_ = true;
  recent_prompts_.clear();
  changed_.notify_all();
}

void Lane::stop(Clock::time_point deadline) {
  const std::lock_guard lock(mutex_);
  stop_deadline_ = stop_deadline_ ? std::min(*stop_deadline_, deadline) : deadline;
  deadline_ticks_ = stop_deadline_->time_since_epoch().count();
  changed_.notify_all();
}

std::vector<LoadedModel> Lane::loaded() const {
  const std::lock_guard lock(mutex_);
  return residency_.snapshot(Clock::now(), std::chrono::system_clock::now());
}

CardStatus Lane::card_status() {
  const std::lock_guard lock(mutex_);
  if (status_.available && !properties_wanted_ && Clock::now() - properties_at_ >= kPropertiesAge) {
    properties_wanted_ = true;
    changed_.notify_all();
  }
  return status_;
}

std::size_t Lane::queue_length() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
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
  load.waiting = queue_.size();
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

void Lane::end_waiting(const Error& error) {
  while (const auto request = queue_.pop()) {
    request->channel->push(error);
  }
}

/// An answer whose time is over before it began ends as one that was cut.
void Lane::end_overdue(Clock::time_point now) {
  while (const auto request = queue_.take([now](const PendingRequest& waiting) {
    return waiting.generation && waiting.generation->deadline && *waiting.generation->deadline <= now;
  })) {
    request->channel->push(end_event(FinishReason::kLength, request->generation->prompt.size()));
  }
}

void Lane::run() {
  open_card();
  Lock lock(mutex_);
  while (true) {
    lock.unlock();
    past_deadline() ? end_running(shutting_down()) : end_cancelled();
    lock.lock();
    if (past_deadline()) {
      end_waiting(shutting_down());
    }
    if (stop_deadline_ && queue_.empty() && running_.empty()) {
      break;
    }
    if (was_hung_) {
      lock.unlock();
      end_hang();
      lock.lock();
    } else if (!work_once(lock)) {
      const Clock::time_point wake_up = next_wake_up();
      if (wake_up == Clock::time_point::max()) {
        changed_.wait(lock);
      } else {
        changed_.wait_until(lock, wake_up);
      }
    }
  }
  residency_.clear();
  status_.available = false;
  status_.problem = shutting_down().message();
  lock.unlock();
  instances_.clear();
  backend_.reset();
  lock.lock();
  finished_ = true;
  changed_.notify_all();
}

/// Does the most urgent piece of work, never longer than one engine call; false when there is none.
bool Lane::work_once(Lock& lock) {
  const Clock::time_point now = Clock::now();
  const auto unlocked = [&lock](auto&& work) {
    lock.unlock();
    work();
    lock.lock();
  };
  end_overdue(now);
  if (begun_ != nullptr) {
    unlocked([this] { step_next(); });
  } else if (const auto digest = next_to_unload(now)) {
    residency_.remove(*digest);
    unlocked([&] { unload_now(*digest); });
  } else if (std::exchange(reset_wanted_, false)) {
    unlocked([this] { reset_caches_now(); });
  } else if (std::exchange(reopen_wanted_, false)) {
    unlocked([this] { open_card(); });
  } else if (refresh_is_due(now)) {
    unlocked([this] { refresh_properties(); });
  } else if (auto request = next_admissible()) {
    answering_.emplace(request->id, request->channel);
    unlocked([&] { admit(std::move(*request)); });
  } else if (!running_.empty()) {
    unlocked([this] { step_next(); });
  } else {
    bool worked = false;
    unlocked([&] { worked = work_idle(); });
    return worked || !queue_.empty();
  }
  return true;
}

/// Whether another answer of a loaded model can begin.
bool Lane::has_room(const std::string& digest) const {
  const std::size_t running =
      running_.count([&](const auto& other) { return other->request.model.digest == digest; });
  return instances_.at(digest)->free_slots() > 0 && (options_.parallel == 0 || running < options_.parallel);
}

/// Whether a waiting request can begin now, those before it being asked first: `load_waits` is set by those
/// that wait for their model.
bool Lane::may_begin(const PendingRequest& waiting, bool& load_waits) const {
  if (!instances_.contains(waiting.model.digest)) {
    load_waits = load_waits || !running_.empty();
    return running_.empty();
  }
  return (!load_waits || overtaken_ < kMostOvertakings) &&
         (!waiting.generation || has_room(waiting.model.digest));
}

/// The next request that can begin now, in fair order. One for a model that is not loaded can when nothing
/// runs; while it waits for that, so many others may overtake it, so that it gets its turn.
std::optional<PendingRequest> Lane::next_admissible() {
  bool load_waits = false;
  auto request = queue_.pop_if([&](const PendingRequest& waiting) { return may_begin(waiting, load_waits); });
  if (!load_waits) {
    overtaken_ = 0;
  } else if (request) {
    ++overtaken_;
  }
  return request;
}

/// Whether work_once() would do nothing but advance running requests.
bool Lane::nothing_but_steps() const {
  const Clock::time_point now = Clock::now();
  bool load_waits = false;
  return !reset_wanted_ && !reopen_wanted_ && !past_deadline() && !refresh_is_due(now) &&
         !next_to_unload(now) &&
         !queue_.contains([&](const PendingRequest& waiting) { return may_begin(waiting, load_waits); });
}

/// An idle model whose time is over, unless a waiting request wants it.
std::optional<std::string> Lane::next_to_unload(Clock::time_point now) const {
  for (const std::string& digest : residency_.expired(now)) {
    if (!queue_.contains([&](const PendingRequest& request) { return request.model.digest == digest; })) {
      return digest;
    }
  }
  return std::nullopt;
}

bool Lane::refresh_is_due(Clock::time_point now) const {
  const bool busy = !queue_.empty() || !running_.empty();
  return properties_wanted_ && status_.available &&
         now - properties_at_ >= (busy ? kPropertiesAgeWhenBusy : kPropertiesAge);
}

Lane::Clock::time_point Lane::next_wake_up() const {
  const Clock::time_point expiry = residency_.next_expiry().value_or(Clock::time_point::max());
  return std::min(expiry, stop_deadline_.value_or(Clock::time_point::max()));
}

}  // namespace axllama::serving
