// The lane's card: opening and losing it, loading and unloading models.

#include <algorithm>
#include <string>
#include <utility>

#include "base/duration.h"
#include "base/error.h"
#include "serving/card_room.h"
#include "serving/fault.h"
#include "serving/lane.h"
#include "serving/lane_events.h"
#include "telemetry/log.h"

namespace axllama::serving {

using base::Error;
using base::ErrorCode;
using telemetry::LogLevel;

void Lane::begin_call(std::string what, std::chrono::nanoseconds limit) {
  end_call();
  const Clock::time_point now = recovery_time();
  watch_.begin(std::move(what), limit, when_due(late_.begin_call(now), now));
}

/// The watch's time at which it is `due` by the clock of recovery, which says `now`.
Lane::Clock::time_point Lane::when_due(Clock::time_point due, Clock::time_point now) {
  return due == LateAnswers::kNever ? CallWatch::kNever : Clock::now() + (due - now);
}

/// A call is out, and answers that are being recovered wait for it.
Lane::Clock::time_point Lane::tell_late() {
  const Clock::time_point now = recovery_time();
  return when_due(late_.tell(now), now);
}

void Lane::end_call() {
  was_hung_ = watch_.end() || was_hung_;
}

void Lane::open_card() {
  std::unique_ptr<CardBackend> backend;
  CardDescription description;
  CardStatus status;
  begin_call("opening the card", options_.load_limit);
  try {
    backend = open_backend_();
    description = backend->description();
    status.available = true;
    status.software_card = description.software_card;
    status.runtime_version = description.runtime_version;
    status.device_id = description.device_id;
  } catch (...) {
    status.problem = as_error(std::current_exception()).message();
  }
  end_call();
  backend_ = std::move(backend);
  if (backend_ && on_opened_) {
    on_opened_(description);
  }
  const std::lock_guard lock(mutex_);
  card_state_ = status.available ? CardState::kOpen : CardState::kFailed;
  properties_wanted_ = status.available;
  opened_at_ = Clock::now();
  status_ = std::move(status);
  if (card_state_ == CardState::kFailed) {
    end_waiting(Error(ErrorCode::kUnavailable, status_.problem));
  }
  changed_.notify_all();
}

/// After an error of the card nothing on it is trusted, and it is opened anew when it is needed.
void Lane::lose_card() {
  {
    const std::lock_guard lock(mutex_);
    card_state_ = CardState::kLost;
    residency_.lose_all();
    status_ = CardStatus{};
    status_.problem = "The card failed and will be opened again for the next request.";
  }
  begin_call("closing the card", options_.load_limit);
  instances_.clear();
  backend_.reset();
  end_call();
}

/// Everybody who waits is told; the lane's thread itself goes on when the call comes back.
void Lane::on_hung(const std::string& call, std::chrono::nanoseconds limit) {
  const Error error(ErrorCode::kUnavailable, "The card has not answered for " + base::format_duration(limit) +
                                                 " while " + call +
                                                 ". Requests are refused until it does; if it stays so, " +
                                                 "restart the card or the machine.");
  telemetry::log(LogLevel::kError, error.message());
  const std::lock_guard lock(mutex_);
  card_state_ = CardState::kHung;
  status_.available = false;
  status_.problem = error.message();
  end_waiting(error);
  for (const auto& [id, channel] : answering_) {
    channel->push(error);
  }
}

void Lane::require_card() {
  if (!backend_) {
    open_card();
  }
  if (!backend_) {
    const std::lock_guard lock(mutex_);
    throw Error(ErrorCode::kUnavailable, status_.problem);
  }
}

/// Empty where the card does not say, or fails to: a request will find out what is wrong.
std::optional<axcl::CardProperties> Lane::read_properties() {
  try {
    return backend_->properties();
  } catch (...) {
    return std::nullopt;
  }
}

void Lane::refresh_properties() {
  begin_call("asking for its properties", options_.load_limit);
  const std::optional<axcl::CardProperties> properties = read_properties();
  end_call();
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
  begin_call("unloading a model", options_.load_limit);
  instances_.erase(digest);
  end_call();
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

/// The model of a request, in use until end_use().
ModelInstance& Lane::ensure_loaded(const PendingRequest& request) {
  const std::string& digest = request.model.digest;
  if (instances_.contains(digest)) {
    const std::lock_guard lock(mutex_);
    residency_.begin_use(digest, request.keep_alive);
  } else {
    add_model(request);
  }
  ModelInstance& instance = *instances_.at(digest);
  ensure_draft(request, instance);
  return instance;
}

/// Loads the model of a request, which uses it from then on.
void Lane::add_model(const PendingRequest& request) {
  const std::string& digest = request.model.digest;
  {
    const std::lock_guard lock(mutex_);
    residency_.begin_load(request.model, request.model.package ? request.model.package->layer_count() : 0);
    residency_.begin_use(digest, request.keep_alive);
  }
  try {
    begin_call("loading " + request.model.name, options_.load_limit);
    make_room_in_number(request.model);
    std::unique_ptr<ModelInstance> instance = load_model(request, request.model);
    end_call();
    instance->wake_by([this] {
      const std::lock_guard lock(mutex_);
      wake();
    });
    const std::lock_guard lock(mutex_);
    residency_.loaded(digest, instance->card_bytes(), instance->context_length());
    instances_[digest] = std::move(instance);
  } catch (...) {
    end_call();
    const bool card_failed = is_card_failure(as_error(std::current_exception()));
    const std::lock_guard lock(mutex_);
    card_failed ? residency_.lose(digest) : residency_.remove(digest);
    throw;
  }
}

/// Lets the draft guess that the request's model names, once the model is loaded. A draft that cannot be used
/// costs speed only. It is not loaded while answers are being recovered, which has to be done in time.
void Lane::ensure_draft(const PendingRequest& request, ModelInstance& instance) {
  const ModelReference& model = request.model;
  if (!model.draft || !stranded_.empty()) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (residency_.ready(model.digest, model.draft->digest)) {
      return;
    }
    residency_.begin_draft(model.digest, model.draft);
  }
  try {
    const std::string& known = model.draft->problem;
    const std::string problem = known.empty() ? load_draft(request, instance) : known;
    end_call();
    if (!problem.empty()) {
      telemetry::log(LogLevel::kWarning, "a model answers without its draft model",
                     {{"model", model.name}, {"draft", model.draft->name}, {"why", problem}});
    }
    const std::lock_guard lock(mutex_);
    residency_.end_draft(model.digest, problem, instance.card_bytes());
  } catch (...) {
    end_call();
    const Error error = as_error(std::current_exception());
    const std::lock_guard lock(mutex_);
    residency_.forget_draft(model.digest);
    if (error.code() == ErrorCode::kCancelled) {  // nobody waits for it any more
      return;
    }
    residency_.end_use(model.digest, Clock::now());
    throw;
  }
}

/// What is wrong with the draft, in a sentence; empty: it guesses from now on. Throws Error when loading was
/// given up (kCancelled), or the card is gone (kUnavailable).
std::string Lane::load_draft(const PendingRequest& request, ModelInstance& instance) {
  try {
    if (std::string why = instance.not_guessing(); !why.empty()) {
      return why;
    }
    instance.set_draft(nullptr);  // of another name of the model
    instance.set_draft(load_model(request, *request.model.draft));
    return {};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kUnavailable) {
      throw;
    }
    return error.message();
  }
}

std::unique_ptr<ModelInstance> Lane::load_model(const PendingRequest& request, const ModelReference& model) {
  std::unique_ptr<ModelInstance> instance = load_where_it_fits(request, model);
  measure_costs(request, model, *instance);
  return instance;
}

/// What is not known of its costs is found out before the first answer, but not while answers are being
/// recovered, which has to be done in time.
void Lane::measure_costs(const PendingRequest& request, const ModelReference& model,
                         ModelInstance& instance) {
  if (!stranded_.empty()) {
    return;
  }
  instance.measure_costs([&] {
    begin_call("measuring what calls of " + model.name + " cost", options_.call_limit);
    const std::lock_guard lock(mutex_);
    return !was_hung_ && !past_deadline() && is_awaited(request);
  });
}

/// While a model does not fit, memory that only speeds others up is freed first, then idle models go, as the
/// policy says.
std::unique_ptr<ModelInstance> Lane::load_where_it_fits(const PendingRequest& request,
                                                        const ModelReference& model) {
  begin_call("loading " + model.name, options_.load_limit);
  make_room_for(model);
  while (true) {
    try {
      return backend_->load(model, [&](std::size_t layers_loaded, std::size_t) {
        return go_on_loading(request, layers_loaded);
      });
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kResourceExhausted) {
        throw;
      }
      if (!(release_spare_memory() || evict_one())) {
        throw no_room(room_for(model, read_properties()), error.message());
      }
    }
  }
}

void Lane::make_room_in_number(const ModelReference& model) {
  const auto too_many = [this] {
    const std::lock_guard lock(mutex_);
    return policy_.too_many_loaded();
  };
  while (too_many()) {
    if (!evict_one()) {
      throw too_many_models(room_for(model, std::nullopt), options_.policy.max_loaded);
    }
  }
}

/// Saves the time of loads that are sure to fail.
void Lane::make_room_for(const ModelReference& model) {
  while (model.package != nullptr) {
    const auto properties = read_properties();
    if (!properties || properties->cmm_free_bytes >= backend_->least_card_bytes(*model.package)) {
      return;
    }
    if (!(release_spare_memory() || evict_one())) {
      throw no_room(room_for(model, properties), {});
    }
  }
}

/// What a refusal to load the model has to tell.
CardRoom Lane::room_for(const ModelReference& model,
                        const std::optional<axcl::CardProperties>& properties) const {
  CardRoom room;
  room.model = model.name;
  if (model.package != nullptr) {
    room.needed_bytes = backend_->least_card_bytes(*model.package);
  }
  if (properties) {
    room.free_bytes = properties->cmm_free_bytes;
    if (properties->cmm_total_bytes > 0) {
      room.total_bytes = properties->cmm_total_bytes;
    }
  }
  for (LoadedModel& other : loaded()) {
    if (other.model.digest != model.digest) {
      room.others.push_back(std::move(other));
    }
  }
  return room;
}

bool Lane::release_spare_memory() {
  bool released = false;
  for (const auto& [digest, instance] : instances_) {
    if (instance->release_spare_memory()) {
      released = true;
      const std::lock_guard lock(mutex_);
      residency_.resized(digest, instance->card_bytes());
    }
  }
  return released;
}

bool Lane::evict_one() {
  std::optional<std::string> digest;
  {
    const std::lock_guard lock(mutex_);
    digest = policy_.evict();
  }
  if (digest) {
    instances_.erase(*digest);
  }
  return digest.has_value();
}

/// A load goes on while anybody waits for it. Answers that are being recovered wait only so long: those that
/// are late end while it goes on for others.
bool Lane::go_on_loading(const PendingRequest& request, std::size_t layers_loaded) {
  end_late_stranded();
  begin_call("loading " + request.model.name, options_.load_limit);
  if (was_hung_) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  residency_.loading(request.model.digest, layers_loaded);
  if (past_deadline()) {
    throw shutting_down();
  }
  return is_awaited(request);
}

/// Whether anybody waits for the model of a request. Mutex held.
bool Lane::is_awaited(const PendingRequest& request) const {
  const bool by_itself = answering_.contains(request.id) && !request.channel->cancelled();
  return by_itself || stranded_wait_for(request.model.digest) || policy_.wanted(request.model.digest);
}

}  // namespace axllama::serving
