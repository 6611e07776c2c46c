#include "serving/testing/fake_card.h"

#include <functional>
#include <string>
#include <utility>

namespace axllama::serving {
namespace {

using inference::FinishReason;
using inference::GenerationRequest;
using inference::TokenEvent;

class FakeGeneration final : public inference::Engine::Generation {
 public:
  FakeGeneration(FakeCard& card, std::shared_ptr<std::size_t> busy, const GenerationRequest& request)
      : card_(card),
        prompt_tokens_(request.prompt.size()),
        tokens_(request.max_tokens < 0 ? 1000000 : request.max_tokens) {
    ++card_.active_generations;
    take_slot(std::move(busy));
  }
  ~FakeGeneration() override {
    card_.check_thread();
    --card_.active_generations;
    suspend();
  }

  /// `busy`: the used slots of a model.
  void take_slot(std::shared_ptr<std::size_t> busy) {
    busy_ = std::move(busy);
    ++*busy_;
  }
  void suspend() noexcept override {
    if (std::exchange(at_work_, false)) {
      card_.at_work = false;
    }
    if (busy_) {
      --*busy_;
      busy_.reset();
    }
  }

  bool waits() const override { return card_.awaited_prompt == prompt_tokens_; }

  void begin_step() override {
    card_.check_thread();
    if (!busy_) {
      throw base::Error(base::ErrorCode::kInternal, "A suspended generation was asked for more.");
    }
    if (card_.at_work.exchange(true)) {
      card_.disturbed = true;
    }
    at_work_ = true;
  }

  void await_step() override {
    card_.check_thread();
    card_.step.pass();
    at_work_ = card_.at_work = false;
    try {
      card_.on_step();
    } catch (...) {
      suspend();
      throw;
    }
  }

  TokenEvent finish_step() override {
    card_.check_thread();
    card_.finished_beside_work += card_.at_work ? 1 : 0;
    TokenEvent event;
    if (waits()) {
      return event;
    }
    event.tokens = {next_};
    event.text = std::to_string(next_) + " ";
    event.done = ++next_ >= tokens_;
    event.reason = FinishReason::kLength;
    event.stats.generated_tokens = static_cast<std::size_t>(next_);
    return event;
  }

  TokenEvent cancel() override {
    card_.check_thread();
    ++card_.cancelled_generations;
    suspend();
    TokenEvent event;
    event.done = true;
    event.reason = FinishReason::kCancelled;
    event.stats.generated_tokens = static_cast<std::size_t>(next_);
    return event;
  }

 private:
  FakeCard& card_;
  std::size_t prompt_tokens_;
  std::shared_ptr<std::size_t> busy_;  // null: suspended
  int tokens_;
  int next_ = 0;
  bool at_work_ = false;  // a step has begun
};

class FakeInstance final : public ModelInstance {
 public:
  explicit FakeInstance(FakeCard& card) : card_(card) { ++card_.resident; }
  ~FakeInstance() override {
    card_.check_undisturbed();
    --card_.resident;
    take_draft(nullptr);
  }

  std::unique_ptr<inference::Engine::Generation> start(GenerationRequest request) override {
    card_.check_undisturbed();
    ++card_.generations;
    card_.on_start();
    return std::make_unique<FakeGeneration>(card_, busy_, request);
  }
  void resume(inference::Engine::Generation& generation) override {
    card_.check_undisturbed();
    ++card_.resumed;
    card_.on_resume();
    dynamic_cast<FakeGeneration&>(generation).take_slot(busy_);
  }
  std::size_t free_slots() const override { return card_.slots - *busy_; }
  bool work_idle() override {
    card_.check_undisturbed();
    if (card_.idle_work == 0) {
      card_.had_no_work = true;
      return false;
    }
    card_.had_no_work = false;
    --card_.idle_work;
    return true;
  }
  void measure_costs(const std::function<bool()>& go_on) noexcept override {
    for (std::size_t i = 0; i < card_.unknown_costs && go_on(); ++i) {
      card_.check_undisturbed();
      card_.measure.pass();
      ++card_.measured;
    }
  }
  void wake_by(std::function<void()> wake) override { card_.wake = std::move(wake); }
  bool release_spare_memory() override { return card_.spare_memory.exchange(false); }
  std::string not_guessing() const override { return card_.guesses ? "" : "Chunks differ."; }
  void set_draft(std::unique_ptr<ModelInstance> draft) override {
    card_.check_undisturbed();
    if (draft && !card_.same_vocabulary) {
      throw base::Error(base::ErrorCode::kInvalidArgument, "The vocabularies differ.");
    }
    take_draft(std::move(draft));
  }
  void reset_cache() override {
    card_.check_undisturbed();
    ++card_.resets;
  }
  std::uint64_t card_bytes() const override { return draft_ ? 1100 : 1000; }
  std::size_t context_length() const override { return 2048; }

 private:
  void take_draft(std::unique_ptr<ModelInstance> draft) {
    card_.drafts += draft ? 1 : 0;
    card_.drafts -= draft_ ? 1 : 0;
    draft_ = std::move(draft);
  }

  FakeCard& card_;
  std::unique_ptr<ModelInstance> draft_;
  std::shared_ptr<std::size_t> busy_ = std::make_shared<std::size_t>(0);
};

class FakeBackend final : public CardBackend {
 public:
  explicit FakeBackend(FakeCard& card) : card_(card) {}
  ~FakeBackend() override {
    card_.check_undisturbed();
    ++card_.closed;
  }

  CardDescription description() const override { return {true, "V0 fake", 7}; }

  std::optional<axcl::CardProperties> properties() override {
    card_.check_undisturbed();
    ++card_.property_reads;
    card_.property_reads_while_generating += card_.active_generations;
    axcl::CardProperties properties;
    properties.temperature_celsius = 49.5;
    properties.cmm_free_bytes = 1 << 30;
    return properties;
  }

  std::uint64_t least_card_bytes(const model::Package&) const override { return 1; }

  std::unique_ptr<ModelInstance> load(const ModelReference&,
                                      const inference::LoadProgress& progress) override {
    card_.check_undisturbed();
    ++card_.loads;
    const std::size_t layers = card_.layers;
    for (std::size_t layer = 1; layer <= layers; ++layer) {
      card_.load_layer.pass();
      if (card_.resident + (card_.spare_memory ? 1U : 0U) >= card_.room && layer == layers) {
        throw base::Error(base::ErrorCode::kResourceExhausted,
                          "The card has no room for layer " + std::to_string(layer) + ".");
      }
      if (!progress(layer, layers)) {
        throw base::Error(base::ErrorCode::kCancelled, "Loading was given up.");
      }
    }
    return std::make_unique<FakeInstance>(card_);
  }

 private:
  FakeCard& card_;
};

}  // namespace

void FakeCard::check_thread() {
  if (std::this_thread::get_id() != owner) {
    wrong_thread = true;
  }
}

void FakeCard::check_undisturbed() {
  check_thread();
  disturbed = disturbed || at_work;
}

BackendFactory FakeCard::factory() {
  return [this]() -> std::unique_ptr<CardBackend> {
    ++opened;
    on_open();
    owner = std::this_thread::get_id();
    return std::make_unique<FakeBackend>(*this);
  };
}

}  // namespace axllama::serving
