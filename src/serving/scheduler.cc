#include "serving/scheduler.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include "serving/axcl_backend.h"
#include "serving/lane.h"

namespace axllama::serving {
namespace {

/// How long the constructor waits for the card, so that a card that opens fast, or is not there, is known
/// from the start.
constexpr std::chrono::milliseconds kOpeningPatience{2000};

/// How often draining looks whether a card has stopped answering.
constexpr std::chrono::milliseconds kHungCheck{500};

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

struct Scheduler::Impl : std::enable_shared_from_this<Scheduler::Impl> {
  using CardFactory = std::function<BackendFactory(std::size_t)>;
  struct LaneThread {
    std::shared_ptr<Lane> lane;
    std::thread thread;
  };

  Impl(const SchedulerOptions& options, CardFactory factory)
      : lane_options{.policy = {.max_queue = options.max_queue,
                                .parallel = options.parallel,
                                .max_loaded = options.max_loaded,
                                .default_keep_alive = options.default_keep_alive},
                     .max_pending_events = options.max_pending_events,
                     .drafts = options.speculation.value_or(true),
                     .call_limit = options.call_limit,
                     .load_limit = options.load_limit,
                     .look_around = options.look_around,
                     .recovery_clock = options.recovery_clock},
        card_factory(std::move(factory)) {}

  /// Lanes for some cards, or for the first one and then, when it is open, for all that its runtime lists.
  void start(const std::vector<std::size_t>& cards) {
    if (cards.empty()) {
      add_lane(0, [self = weak_from_this()](const CardDescription& description) {
        if (const auto impl = self.lock()) {
          impl->add_lanes(description.card_count);
        }
      });
    }
    for (const std::size_t card : cards) {
      add_lane(card, {});
    }
    all_lanes().front()->wait_until_opened(kOpeningPatience);
  }

  void add_lanes(std::size_t wanted) {
    for (std::size_t card = all_lanes().size(); card < wanted; ++card) {
      add_lane(card, {});
    }
  }

  void add_lane(std::size_t card, std::function<void(const CardDescription&)> on_opened) {
    const std::lock_guard lock(mutex);
    if (drained) {
      return;
    }
    auto lane = std::make_shared<Lane>(lane_options, card_factory(card));
    lane->on_opened(std::move(on_opened));
    lanes.push_back({lane, std::thread([lane] { lane->run(); })});
  }

  std::vector<std::shared_ptr<Lane>> all_lanes() const {
    const std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<Lane>> all;
    for (const LaneThread& entry : lanes) {
      all.push_back(entry.lane);
    }
    return all;
  }

  std::shared_ptr<Lane> best_lane(const PendingRequest& request) const {
    const auto all = all_lanes();
    std::shared_ptr<Lane> best = all.front();
    const std::vector<text::TokenId> none;
    const std::vector<text::TokenId>& prompt = request.generation ? request.generation->prompt : none;
    double shortest = std::numeric_limits<double>::infinity();
    for (const auto& lane : all.size() > 1 ? all : std::vector<std::shared_ptr<Lane>>()) {
      const LaneLoad load = lane->load_for(request.model.digest, prompt);
      const double wait = estimated_wait(load, prompt.size());
      if (load.usable && wait < shortest) {
        shortest = wait;
        best = lane;
      }
    }
    return best;
  }

  std::shared_ptr<ResponseStream> submit(PendingRequest request) {
    const std::shared_ptr<Lane> lane = best_lane(request);
    std::uint64_t id = 0;
    std::shared_ptr<EventChannel> channel = lane->submit(std::move(request), id);
    return std::make_shared<LaneStream>(std::move(channel), lane, id);
  }

  const LaneOptions lane_options;
  const CardFactory card_factory;
  mutable std::mutex mutex;
  std::vector<LaneThread> lanes;  // never empty, only grows
  bool drained = false;
  std::mutex joining;
};

namespace {

/// The card of a scheduler's option `cards`, as the runtime lists them.
std::function<BackendFactory(std::size_t)> axcl_cards(const SchedulerOptions& options) {
  AxclBackendOptions card;
  card.runtime = options.runtime;
  card.trust = options.trust;
  card.engine = {
      .kv_slots = options.kv_slots, .parallel = options.parallel, .card_embeddings = options.card_embeddings};
  card.asynchronous = options.asynchronous;
  card.speculation = options.speculation;
  card.kv_tiers = options.kv_tiers;
  card.cost_records = options.cost_records;
  return [card](std::size_t index) {
    AxclBackendOptions indexed = card;
    indexed.card_index = index;
    return axcl_backend(std::move(indexed));
  };
}

std::vector<std::size_t> first_numbers(std::size_t count) {
  std::vector<std::size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  return numbers;
}

}  // namespace

Scheduler::Scheduler(SchedulerOptions options) : impl_(std::make_shared<Impl>(options, axcl_cards(options))) {
  impl_->start(options.cards);
}

Scheduler::Scheduler(const SchedulerOptions& options, std::vector<BackendFactory> cards)
    : impl_(std::make_shared<Impl>(options, [cards](std::size_t index) { return cards.at(index); })) {
  impl_->start(first_numbers(cards.size()));
}

Scheduler::Scheduler(const SchedulerOptions& options, BackendFactory card)
    : Scheduler(options, std::vector<BackendFactory>{std::move(card)}) {}

Scheduler::~Scheduler() {
  drain(std::chrono::milliseconds::zero());
}

std::shared_ptr<ResponseStream> Scheduler::submit(InferenceRequest request) {
  PendingRequest pending;
  pending.client = std::move(request.client);
  pending.model = std::move(request.model);
  pending.generation = std::move(request.generation);
  pending.keep_alive = request.keep_alive;
  return impl_->submit(std::move(pending));
}

std::shared_ptr<ResponseStream> Scheduler::load(ModelReference model, std::optional<KeepAlive> keep_alive) {
  PendingRequest pending;
  pending.model = std::move(model);
  pending.keep_alive = keep_alive;
  return impl_->submit(std::move(pending));
}

std::shared_ptr<ResponseStream> Scheduler::pin(ModelReference model) {
  PendingRequest pending;
  pending.model = std::move(model);
  pending.pin = true;
  return impl_->submit(std::move(pending));
}

bool Scheduler::unload(const std::string& digest) {
  bool found = false;
  for (const auto& lane : impl_->all_lanes()) {
    found = lane->unload(digest) || found;
  }
  return found;
}

void Scheduler::reset_caches() {
  for (const auto& lane : impl_->all_lanes()) {
    lane->reset_caches();
  }
}

std::vector<LoadedModel> Scheduler::loaded() const {
  std::vector<LoadedModel> models;
  for (const auto& lane : impl_->all_lanes()) {
    std::vector<LoadedModel> more = lane->loaded();
    std::move(more.begin(), more.end(), std::back_inserter(models));
  }
  return models;
}

std::vector<CardStatus> Scheduler::card_statuses() const {
  std::vector<CardStatus> statuses;
  for (const auto& lane : impl_->all_lanes()) {
    statuses.push_back(lane->card_status());
  }
  return statuses;
}

CardStatus Scheduler::card_status() const {
  std::vector<CardStatus> statuses = card_statuses();
  const auto available = std::find_if(statuses.begin(), statuses.end(),
                                      [](const CardStatus& status) { return status.available; });
  return available == statuses.end() ? statuses.front() : *available;
}

std::size_t Scheduler::queue_length() const {
  std::size_t length = 0;
  for (const auto& lane : impl_->all_lanes()) {
    length += lane->queue_length();
  }
  return length;
}

void Scheduler::drain(std::chrono::milliseconds grace) {
  const auto deadline = std::chrono::steady_clock::now() + grace;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->drained = true;
  }
  for (const auto& lane : impl_->all_lanes()) {
    lane->stop(deadline);
  }
  const std::lock_guard lock(impl_->joining);
  for (Impl::LaneThread& entry : impl_->lanes) {  // grows no more
    while (!entry.lane->wait_until_finished(std::chrono::steady_clock::now() + kHungCheck) &&
           !entry.lane->hung()) {
    }
    if (!entry.thread.joinable()) {
      continue;
    }
    if (entry.lane->finished()) {
      entry.thread.join();
    } else {
      entry.thread.detach();  // in a call that may never return
    }
  }
}

}  // namespace axllama::serving
