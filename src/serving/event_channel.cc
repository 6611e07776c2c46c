#include "serving/event_channel.h"

#include <string>
#include <utility>

namespace axllama::serving {
namespace {

bool is_last(const ResponseEvent& event) {
  const auto* token = std::get_if<inference::TokenEvent>(&event);
  return token != nullptr ? token->done : std::holds_alternative<base::Error>(event);
}

}  // namespace

bool EventChannel::push(ResponseEvent event) {
  const std::lock_guard lock(mutex_);
  if (closed_) {
    return false;
  }
  if (is_last(event)) {
    closed_ = true;
  } else if (events_.size() >= capacity_) {
    closed_ = true;
    append(base::Error(base::ErrorCode::kCancelled, "The reader of this answer fell behind by more than " +
                                                        std::to_string(capacity_) +
                                                        " events, so the answer was ended."));
    return false;
  }
  append(std::move(event));
  return true;
}

void EventChannel::append(ResponseEvent event) {
  events_.push_back(std::move(event));
  readable_.notify_one();
  if (callback_) {
    std::exchange(callback_, nullptr)();
  }
}

bool EventChannel::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

bool EventChannel::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::optional<ResponseEvent> EventChannel::take() {
  if (events_.empty()) {
    return std::nullopt;
  }
  std::optional<ResponseEvent> event(std::move(events_.front()));
  events_.pop_front();
  return event;
}

std::optional<ResponseEvent> EventChannel::try_next() {
  const std::lock_guard lock(mutex_);
  return take();
}

std::optional<ResponseEvent> EventChannel::next(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  readable_.wait_for(lock, timeout, [this] { return !events_.empty(); });
  return take();
}

void EventChannel::on_readable(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  callback_ = std::move(callback);
  if (!events_.empty() && callback_) {
    std::exchange(callback_, nullptr)();
  }
}

bool EventChannel::cancel() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(cancelled_, true) && !closed_;
}

void EventChannel::detach() {
  const std::lock_guard lock(mutex_);
  callback_ = nullptr;
}

}  // namespace axllama::serving
