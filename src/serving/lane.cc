#include "serving/lane.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"

namespace axllama::serving {
namespace {

using base::Error;
using base::ErrorCode;
using namespace std::chrono_literals;

constexpr auto kPropertiesAge = 5s;           // older ones are refreshed on demand when the lane is idle,
constexpr auto kPropertiesAgeWhenBusy = 60s;  // and between two requests when it never is
constexpr auto kReopenPause = 10s;            // between attempts to open a card that could not be opened

Error shutting_down() {
  return {ErrorCode::kUnavailable, "The server is shutting down."};
}

Error as_error(std::exception_ptr exception) {
  try {
    std::rethrow_exception(std::move(exception));
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return {ErrorCode::kInternal, "An internal error ended the request.", error.what()};
  } catch (...) {
    return {ErrorCode::kInternal, "An unknown error ended the request."};
  }
}

inference::TokenEvent cancelled_event() {
  inference::TokenEvent event;
  event.done = true;
  event.reason = inference::FinishReason::kCancelled;
  return event;
}

}  // namespace

Lane::Lane(LaneOptions options, BackendFactory open_card)
    : options_(options), open_backend_(std::move(open_card)), residency_(options.default_keep_alive) {
  status_.problem = "The card is being opened.";
}

void Lane::wait_until_opened(std::chrono::milliseconds timeout) {
  Lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return card_state_ != CardState::kOpening; });
}

std::shared_ptr<EventChannel> Lane::submit(std::string_view client, PendingRequest request,
                                           std::uint64_t& id) {
  const std::lock_guard lock(mutex_);
  if (stop_deadline_) {
    throw shutting_down();
  }
  if (card_state_ == CardState::kFailed) {
    if (Clock::now() - opened_at_ >= kReopenPause) {
      reopen_wanted_ = true;
      changed_.notify_all();
    }
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
  queue_.push(client, std::move(request));
  changed_.notify_all();
  return channel;
}

void Lane::withdraw(std::uint64_t id) {
  std::optional<PendingRequest> request;
  {
    const std::lock_guard lock(mutex_);
    request = queue_.take([id](const PendingRequest& waiting) { return waiting.id == id; });
  }
  if (request) {
    request->channel->push(cancelled_event());
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

bool Lane::past_deadline() const {
  return Clock::now().time_since_epoch().count() >= deadline_ticks_;
}

void Lane::fail_queue(const Error& error) {
  while (const auto request = queue_.pop()) {
    request->channel->push(error);
  }
}

void Lane::fail_queue_without_card() {
  fail_queue(Error(ErrorCode::kUnavailable, status_.problem));
}

void Lane::run() {
  open_card();
  Lock lock(mutex_);
  while (true) {
    if (past_deadline()) {
      fail_queue(shutting_down());
    }
    if (stop_deadline_ && queue_.empty()) {
      break;
    }
    if (!work_once(lock)) {
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
}

/// Does the most urgent piece of work; false when there is none.
bool Lane::work_once(Lock& lock) {
  const Clock::time_point now = Clock::now();
  const auto unlocked = [&lock](auto&& work) {
    lock.unlock();
    work();
    lock.lock();
  };
  if (const auto digest = next_to_unload(now)) {
    residency_.remove(*digest);
    unlocked([&] { unload_now(*digest); });
  } else if (std::exchange(reset_wanted_, false)) {
    unlocked([this] { reset_caches_now(); });
  } else if (std::exchange(reopen_wanted_, false)) {
    unlocked([this] { open_card(); });
  } else if (refresh_is_due(now)) {
    unlocked([this] { refresh_properties(); });
  } else if (auto request = queue_.pop()) {
    unlocked([&] { serve(std::move(*request)); });
  } else {
    return false;
  }
  return true;
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
  return properties_wanted_ && status_.available &&
         now - properties_at_ >= (queue_.empty() ? kPropertiesAge : kPropertiesAgeWhenBusy);
}

Lane::Clock::time_point Lane::next_wake_up() const {
  const Clock::time_point expiry = residency_.next_expiry().value_or(Clock::time_point::max());
  return std::min(expiry, stop_deadline_.value_or(Clock::time_point::max()));
}

void Lane::open_card() {
  std::unique_ptr<CardBackend> backend;
  CardStatus status;
  try {
    backend = open_backend_();
    const CardDescription description = backend->description();
    status.available = true;
    status.software_card = description.software_card;
    status.runtime_version = description.runtime_version;
    status.device_id = description.device_id;
  } catch (...) {
    status.problem = as_error(std::current_exception()).message();
  }
  backend_ = std::move(backend);
  const std::lock_guard lock(mutex_);
  card_state_ = status.available ? CardState::kOpen : CardState::kFailed;
  properties_wanted_ = status.available;
  properties_at_ = Clock::now() - kPropertiesAge;  // due as soon as the lane is idle
  opened_at_ = Clock::now();
  status_ = std::move(status);
  if (card_state_ == CardState::kFailed) {
    fail_queue_without_card();
  }
  changed_.notify_all();
}

/// After an error of the card: nothing on it is trusted, and the next request opens it anew.
void Lane::lose_card() {
  {
    const std::lock_guard lock(mutex_);
    card_state_ = CardState::kLost;
    residency_.clear();
    status_ = CardStatus{};
    status_.problem = "The card failed and will be opened again for the next request.";
  }
  instances_.clear();
  backend_.reset();
}

void Lane::refresh_properties() {
  std::optional<axcl::CardProperties> properties;
  try {
    properties = backend_->properties();
  } catch (...) {
    properties.reset();  // a status page without temperature; a request will find out what is wrong
  }
  const std::lock_guard lock(mutex_);
  properties_wanted_ = false;
  properties_at_ = Clock::now();
  status_.temperature_celsius.reset();
  status_.npu_percent.reset();
  status_.cmm_total_bytes.reset();
  status_.cmm_free_bytes.reset();
  if (properties) {
    status_.temperature_celsius = properties->temperature_celsius;
    status_.npu_percent = properties->npu_percent;
    status_.cmm_total_bytes = properties->cmm_total_bytes;
    status_.cmm_free_bytes = properties->cmm_free_bytes;
  }
}

void Lane::unload_now(const std::string& digest) {
  instances_.erase(digest);
}

void Lane::reset_caches_now() {
  for (const auto& [digest, instance] : instances_) {
    try {
      instance->reset_cache();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      residency_.request_unload(digest);  // a model that cannot forget has to go
    }
  }
}

void Lane::serve(PendingRequest request) {
  try {
    serve_or_throw(request);
  } catch (...) {
    const Error error = as_error(std::current_exception());
    if (error.code() == ErrorCode::kDevice || (error.code() == ErrorCode::kUnavailable && !past_deadline())) {
      if (backend_) {
        lose_card();
      }
    }
    const bool reader_left = error.code() == ErrorCode::kCancelled && request.channel->cancelled();
    request.channel->push(reader_left ? ResponseEvent(cancelled_event()) : ResponseEvent(error));
  }
  const std::lock_guard lock(mutex_);
  residency_.end_use(request.model.digest, Clock::now());
}

void Lane::serve_or_throw(PendingRequest& request) {
  const Clock::time_point start = Clock::now();
  if (!backend_) {
    open_card();
    if (!backend_) {
      const std::lock_guard lock(mutex_);
      throw Error(ErrorCode::kUnavailable, status_.problem);
    }
  }
  ModelInstance& model = ensure_loaded(request);
  request.channel->push(ModelReady{std::max<std::chrono::nanoseconds>(Clock::now() - start, 1ns)});
  if (request.generation) {
    generate(model, request);
  } else {
    inference::TokenEvent done;
    done.done = true;
    request.channel->push(std::move(done));
  }
}

ModelInstance& Lane::ensure_loaded(const PendingRequest& request) {
  const std::string& digest = request.model.digest;
  const auto found = instances_.find(digest);
  if (found != instances_.end()) {
    const std::lock_guard lock(mutex_);
    residency_.begin_use(digest, request.keep_alive);
    return *found->second;
  }
  {
    const std::lock_guard lock(mutex_);
    residency_.begin_load(request.model, request.model.package ? request.model.package->layer_count() : 0);
    residency_.begin_use(digest, request.keep_alive);
  }
  try {
    std::unique_ptr<ModelInstance> instance = load(request);
    const std::lock_guard lock(mutex_);
    residency_.loaded(digest, instance->card_bytes(), instance->context_length());
    return *(instances_[digest] = std::move(instance));
  } catch (...) {
    const std::lock_guard lock(mutex_);
    residency_.remove(digest);
    throw;
  }
}

/// Loads the model, evicting idle ones, the least recently used first, while it does not fit.
std::unique_ptr<ModelInstance> Lane::load(const PendingRequest& request) {
  make_room_for(request.model.package.get());
  while (true) {
    try {
      return backend_->load(request.model.package, [&](std::size_t layers_loaded, std::size_t) {
        return go_on_loading(request, layers_loaded);
      });
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kResourceExhausted || !evict_one()) {
        throw;
      }
    }
  }
}

/// Saves the time of loads that are sure to fail.
void Lane::make_room_for(const model::Package* package) {
  while (package != nullptr && !instances_.empty()) {
    const auto properties = backend_->properties();
    if (!properties || properties->cmm_free_bytes >= backend_->least_card_bytes(*package) || !evict_one()) {
      return;
    }
  }
}

bool Lane::evict_one() {
  std::optional<std::string> digest;
  {
    const std::lock_guard lock(mutex_);
    digest = residency_.least_recently_used();
    if (digest) {
      residency_.remove(*digest);
    }
  }
  if (digest) {
    unload_now(*digest);
  }
  return digest.has_value();
}

/// A load goes on while anybody waits for it.
bool Lane::go_on_loading(const PendingRequest& request, std::size_t layers_loaded) {
  const std::lock_guard lock(mutex_);
  residency_.loading(request.model.digest, layers_loaded);
  if (past_deadline()) {
    throw shutting_down();
  }
  return !request.channel->cancelled() || queue_.contains([&](const PendingRequest& waiting) {
    return waiting.model.digest == request.model.digest;
  });
}

void Lane::generate(ModelInstance& model, PendingRequest& request) {
  EventChannel& channel = *request.channel;
  if (channel.cancelled()) {
    channel.push(cancelled_event());
    return;
  }
  const auto generation = model.start(std::move(*request.generation));
  while (true) {
    if (past_deadline()) {
      generation->cancel();
      throw shutting_down();
    }
    if (channel.cancelled()) {
      channel.push(generation->cancel());
      return;
    }
    inference::TokenEvent event = generation->step();
    const bool done = event.done;
    const bool empty = event.tokens.empty() && event.text.empty() && !done;
    if (!empty && !channel.push(std::move(event)) && !done) {
      generation->cancel();
      return;
    }
    if (done) {
      return;
    }
  }
}

}  // namespace axllama::serving
