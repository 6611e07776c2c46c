#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "serving/service.h"

namespace axllama::api::testing {

/// The test's end of one request: pushes the events that the handler reads, and sees when it gives up.
class FakeRequest {
 public:
  void push(serving::ResponseEvent event) {
    std::function<void()> callback;
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
      callback = std::exchange(callback_, nullptr);
    }
    if (callback) {
      callback();
    }
  }

  void push_ready(std::chrono::nanoseconds load_time = std::chrono::milliseconds(3)) {
    push(serving::ModelReady{load_time});
  }
  void push_text(std::string text, std::vector<text::TokenId> tokens = {}) {
    inference::TokenEvent event;
    event.text = std::move(text);
    event.tokens = std::move(tokens);
    push(std::move(event));
  }
  void push_done(inference::FinishReason reason = inference::FinishReason::kStop, std::string text = {},
                 std::string stop_string = {}) {
    inference::TokenEvent event;
    event.stop_string = std::move(stop_string);
    event.text = std::move(text);
    event.done = true;
    event.reason = reason;
    event.stats.prompt_tokens = 11;
    event.stats.generated_tokens = 7;
    event.stats.prompt_time = std::chrono::milliseconds(5);
    event.stats.generation_time = std::chrono::milliseconds(9);
    push(std::move(event));
  }

  /// The end of a prompt that was only read.
  void push_readout(std::vector<float> readout) {
    inference::TokenEvent event;
    event.readout = std::move(readout);
    event.done = true;
    event.stats.prompt_tokens = submitted->generation.prompt.size();
    push(std::move(event));
  }

  /// The request as it was submitted; empty for loads.
  std::optional<serving::InferenceRequest> submitted;

  bool dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  friend class FakeStream;
  mutable std::mutex mutex_;
  std::deque<serving::ResponseEvent> events_;
  std::function<void()> callback_;
  bool dropped_ = false;
};

class FakeStream final : public serving::ResponseStream {
 public:
  explicit FakeStream(std::shared_ptr<FakeRequest> request) : request_(std::move(request)) {}
  ~FakeStream() override { drop(); }

  std::optional<serving::ResponseEvent> try_next() override {
    const std::lock_guard lock(request_->mutex_);
    if (request_->events_.empty()) {
      return std::nullopt;
    }
    serving::ResponseEvent event = std::move(request_->events_.front());
    request_->events_.pop_front();
    return event;
  }
  std::optional<serving::ResponseEvent> next(std::chrono::milliseconds /*timeout*/) override {
    return try_next();
  }
  void on_readable(std::function<void()> callback) override {
    {
      const std::lock_guard lock(request_->mutex_);
      if (request_->events_.empty()) {
        request_->callback_ = std::move(callback);
        return;
      }
    }
    callback();
  }
  void cancel() override { drop(); }

 private:
  void drop() {
    const std::lock_guard lock(request_->mutex_);
    request_->dropped_ = true;
    request_->callback_ = nullptr;
  }

  std::shared_ptr<FakeRequest> request_;
};

/// An inference service whose answers a test writes. Thread-safe.
class FakeService final : public serving::InferenceService {
 public:
  /// Called with each submitted request; the default answers "Hello" in two pieces.
  std::function<void(FakeRequest&)> on_submit = [](FakeRequest& request) {
    request.push_ready();
    request.push_text("Hel", {1});
    request.push_text("lo", {2});
    request.push_done();
  };
  std::function<void(FakeRequest&)> on_load = [](FakeRequest& request) {
    request.push_ready();
    request.push_done();
  };
  std::vector<serving::LoadedModel> models;
  serving::CardStatus status;

  std::shared_ptr<serving::ResponseStream> submit(serving::InferenceRequest request) override {
    auto fake = std::make_shared<FakeRequest>();
    fake->submitted = std::move(request);
    return start(fake, on_submit);
  }
  std::shared_ptr<serving::ResponseStream> load(serving::ModelReference model,
                                                std::optional<serving::KeepAlive> keep_alive) override {
    {
      const std::lock_guard lock(mutex_);
      loads_.emplace_back(model.name, keep_alive);
    }
    return start(std::make_shared<FakeRequest>(), on_load);
  }
  bool unload(const std::string& digest) override {
    const std::lock_guard lock(mutex_);
    unloads_.push_back(digest);
    return true;
  }
  void reset_caches() override {
    const std::lock_guard lock(mutex_);
    ++resets_;
  }
  std::vector<serving::LoadedModel> loaded() const override { return models; }
  serving::CardStatus card_status() const override { return status; }
  std::size_t queue_length() const override { return 0; }

  /// The newest request; waits for one. Null when none comes.
  std::shared_ptr<FakeRequest> last_request() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [this] { return !requests_.empty(); });
    return requests_.empty() ? nullptr : requests_.back();
  }
  std::size_t request_count() const {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }
  std::vector<std::pair<std::string, std::optional<serving::KeepAlive>>> loads() const {
    const std::lock_guard lock(mutex_);
    return loads_;
  }
  std::vector<std::string> unloads() const {
    const std::lock_guard lock(mutex_);
    return unloads_;
  }
  int resets() const {
    const std::lock_guard lock(mutex_);
    return resets_;
  }

 private:
  std::shared_ptr<serving::ResponseStream> start(const std::shared_ptr<FakeRequest>& request,
                                                 const std::function<void(FakeRequest&)>& script) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    changed_.notify_all();
    if (script) {
      script(*request);
    }
    return std::make_shared<FakeStream>(request);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<FakeRequest>> requests_;
  std::vector<std::pair<std::string, std::optional<serving::KeepAlive>>> loads_;
  std::vector<std::string> unloads_;
  int resets_ = 0;
};

}  // namespace axllama::api::testing
