#include "serving/scheduler.h"

#include <mutex>
#include <thread>
#include <utility>

#include "serving/axcl_backend.h"
#include "serving/lane.h"

namespace axllama::serving {
namespace {

/// How long the constructor waits for the card, so that a card that opens fast, or is not there, is known
/// from the start.
constexpr std::chrono::milliseconds kOpeningPatience{2000};

/// The reader's end of a request.
class LaneStream final : public ResponseStream {
 public:
  LaneStream(std::shared_ptr<EventChannel> channel, std::weak_ptr<Lane> lane, std::uint64_t id)
      : channel_(std::move(channel)), lane_(std::move(lane)), id_(id) {}

  ~LaneStream() override {
    channel_->detach();
    withdraw();
  }

  std::optional<ResponseEvent> try_next() override { return channel_->try_next(); }
  std::optional<ResponseEvent> next(std::chrono::milliseconds timeout) override {
    return channel_->next(timeout);
  }
  void on_readable(std::function<void()> callback) override { channel_->on_readable(std::move(callback)); }
  void cancel() override { withdraw(); }

 private:
  void withdraw() {
    if (channel_->cancel()) {
      if (const auto lane = lane_.lock()) {
        lane->withdraw(id_);
      }
    }
  }

  std::shared_ptr<EventChannel> channel_;
  std::weak_ptr<Lane> lane_;
  std::uint64_t id_;
};

}  // namespace

struct Scheduler::Impl {
  Impl(const SchedulerOptions& options, BackendFactory backend)
      : lane(std::make_shared<Lane>(
            LaneOptions{options.max_queue, options.max_pending_events, options.default_keep_alive},
            std::move(backend))),
        thread([lane = lane] { lane->run(); }) {
    lane->wait_until_opened(kOpeningPatience);
  }

  std::shared_ptr<ResponseStream> submit(std::string_view client, PendingRequest request) {
    std::uint64_t id = 0;
    std::shared_ptr<EventChannel> channel = lane->submit(client, std::move(request), id);
    return std::make_shared<LaneStream>(std::move(channel), lane, id);
  }

  std::shared_ptr<Lane> lane;
  std::mutex joining;
  std::thread thread;
};

Scheduler::Scheduler(SchedulerOptions options)
    : Scheduler(options, axcl_backend(options.runtime, options.card_index, options.trust)) {}

Scheduler::Scheduler(const SchedulerOptions& options, BackendFactory backend)
    : impl_(std::make_unique<Impl>(options, std::move(backend))) {}

Scheduler::~Scheduler() {
  drain(std::chrono::milliseconds::zero());
}

std::shared_ptr<ResponseStream> Scheduler::submit(InferenceRequest request) {
  PendingRequest pending;
  pending.model = std::move(request.model);
  pending.generation = std::move(request.generation);
  pending.keep_alive = request.keep_alive;
  return impl_->submit(request.client, std::move(pending));
}

std::shared_ptr<ResponseStream> Scheduler::load(ModelReference model, std::optional<KeepAlive> keep_alive) {
  PendingRequest pending;
  pending.model = std::move(model);
  pending.keep_alive = keep_alive;
  return impl_->submit("", std::move(pending));
}

bool Scheduler::unload(const std::string& digest) {
  return impl_->lane->unload(digest);
}

void Scheduler::reset_caches() {
  impl_->lane->reset_caches();
}

std::vector<LoadedModel> Scheduler::loaded() const {
  return impl_->lane->loaded();
}

CardStatus Scheduler::card_status() const {
  return impl_->lane->card_status();
}

std::size_t Scheduler::queue_length() const {
  return impl_->lane->queue_length();
}

void Scheduler::drain(std::chrono::milliseconds grace) {
  impl_->lane->stop(std::chrono::steady_clock::now() + grace);
  const std::lock_guard lock(impl_->joining);
  if (impl_->thread.joinable()) {
    impl_->thread.join();
  }
}

}  // namespace axllama::serving
