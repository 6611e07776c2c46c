// What a long prompt leaves of the card to an answer that runs, on the software card: each engine call is
// noted with what the card executed for it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "serving/axcl_backend.h"
#include "serving/scheduler.h"
#include "serving/testing/streams.h"
#include "tests/support/random_package.h"
#include "tests/support/softcard_settings.h"
#include "tests/support/temporary_folder.h"

namespace axllama::serving {
namespace {

using inference::GenerationRequest;
using inference::TokenEvent;
using Generation = inference::Engine::Generation;
using Tokens = std::vector<text::TokenId>;

constexpr std::size_t kChunk = 64;
constexpr std::size_t kContext = 1024;

/// Of the first layer, which every engine call runs through.
struct Executions {
  std::uint64_t steps = 0;  // of one token
  std::uint64_t chunks = 0;
};

struct Call {
  std::size_t prompt_tokens = 0;  // of the request that it was made for
  Executions done;
};

/// On the lane's thread until the scheduler is gone.
class CallLog {
 public:
  explicit CallLog(std::string layer) : layer_(std::move(layer)) {}

  void note(std::size_t prompt_tokens) {
    const Executions now = read();
    calls.push_back({prompt_tokens, {now.steps - before_.steps, now.chunks - before_.chunks}});
    before_ = now;
  }

  std::vector<Call> calls;

 private:
  Executions read() const {
    Executions executions;
    const auto all = nlohmann::json::parse(testing::software_card_counters());
    const auto groups = all.at("executions").at("by_model").value(layer_, nlohmann::json::object());
    for (const auto& [group, count] : groups.items()) {
      (group == "0" ? executions.steps : executions.chunks) += count.get<std::uint64_t>();
    }
    return executions;
  }

  std::string layer_;
  Executions before_ = read();
};

class LoggedGeneration final : public Generation {
 public:
  LoggedGeneration(CallLog& log, std::size_t prompt_tokens, std::unique_ptr<Generation> wrapped)
      : inner(std::move(wrapped)), log_(log), prompt_tokens_(prompt_tokens) {}

  void begin_step() override { inner->begin_step(); }
  void await_step() override {
    inner->await_step();
    log_.note(prompt_tokens_);
  }
  TokenEvent finish_step() override { return inner->finish_step(); }
  TokenEvent cancel() override { return inner->cancel(); }
  void suspend() noexcept override { inner->suspend(); }

  const std::unique_ptr<Generation> inner;

 private:
  CallLog& log_;
  const std::size_t prompt_tokens_;
};

class LoggedInstance final : public ModelInstance {
 public:
  LoggedInstance(CallLog& log, std::unique_ptr<ModelInstance> inner) : log_(log), inner_(std::move(inner)) {}

  std::unique_ptr<Generation> start(GenerationRequest request) override {
    const std::size_t prompt_tokens = request.prompt.size();
    return std::make_unique<LoggedGeneration>(log_, prompt_tokens, inner_->start(std::move(request)));
  }
  void resume(Generation& generation) override {
    inner_->resume(*dynamic_cast<LoggedGeneration&>(generation).inner);
  }
  std::size_t free_slots() const override { return inner_->free_slots(); }
  void reset_cache() override { inner_->reset_cache(); }
  bool work_idle() override { return inner_->work_idle(); }
  void measure_costs(const std::function<bool()>& go_on) noexcept override { inner_->measure_costs(go_on); }
  bool release_spare_memory() override { return inner_->release_spare_memory(); }
  void set_draft(std::unique_ptr<ModelInstance> draft) override { inner_->set_draft(std::move(draft)); }
  std::uint64_t card_bytes() const override { return inner_->card_bytes(); }
  std::size_t context_length() const override { return inner_->context_length(); }

 private:
  CallLog& log_;
  std::unique_ptr<ModelInstance> inner_;
};

class LoggedBackend final : public CardBackend {
 public:
  LoggedBackend(CallLog& log, std::unique_ptr<CardBackend> inner) : log_(log), inner_(std::move(inner)) {}

  CardDescription description() const override { return inner_->description(); }
  std::optional<axcl::CardProperties> properties() override { return inner_->properties(); }
  std::uint64_t least_card_bytes(const model::Package& package) const override {
    return inner_->least_card_bytes(package);
  }
  std::unique_ptr<ModelInstance> load(const ModelReference& model,
                                      const inference::LoadProgress& progress) override {
    return std::make_unique<LoggedInstance>(log_, inner_->load(model, progress));
  }

 private:
  CallLog& log_;
  std::unique_ptr<CardBackend> inner_;
};

/// With calls one by one (false) and given to the card at once (true).
class LaneTurns : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    testing::RandomModel random;
    random.context = kContext;
    random.chunk = kChunk;
    random.histories.clear();
    for (std::size_t history = 0; history < kContext; history += kChunk) {
      random.histories.push_back(history);
    }
    testing::write_random_package(random, folder_);
    model_ = {"m", "digest", model::Package::open(folder_)};
    layer_ = random.layer_file(folder_, 0).filename();
  }

  std::unique_ptr<Scheduler> make_scheduler(CallLog& log) const {
    AxclBackendOptions options;
    options.runtime.library = testing::software_card_library();
    options.trust.enabled = false;
    options.engine.kv_slots = 2;
    options.speculation = false;
    options.asynchronous = GetParam();
    return std::make_unique<Scheduler>(SchedulerOptions{}, [&log, open = axcl_backend(options)] {
      return std::make_unique<LoggedBackend>(log, open());
    });
  }

  Tokens alone(const InferenceRequest& request) const {
    CallLog log(layer_);
    return tokens_of(read_all(make_scheduler(log)->submit(request)));
  }

  ModelReference model_;
  std::string layer_;

 private:
  /// Calls cost what makes a chunk worth it, however busy this machine is.
  testing::SoftcardSettings settings_{R"({"quiet":true,"timing":{"call_us":100}})"};
  const testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_P(LaneTurns, ALongPromptIsEvaluatedAChunkAtATimeBetweenTheTokensOfAnother) {
  const InferenceRequest running = greedy(model_, 5, 400);
  const InferenceRequest long_one = greedy(model_, 14 * kChunk + 30, 20);
  const Tokens running_alone = alone(running);
  const Tokens long_alone = alone(long_one);
  ASSERT_EQ(long_alone.size(), 20U);
  const auto is_running = [&running](const Call& call) {
    return call.prompt_tokens == running.generation.prompt.size();
  };
  CallLog log(layer_);
  {
    const std::unique_ptr<Scheduler> scheduler = make_scheduler(log);
    const Stream first = scheduler->submit(running);
    std::vector<ResponseEvent> events{next(first)};
    while (tokens_of(events).empty()) {
      events.push_back(next(first));
    }
    const Stream second = scheduler->submit(long_one);
    EXPECT_EQ(tokens_of(read_all(second)), long_alone);
    std::ranges::move(read_all(first), std::back_inserter(events));
    EXPECT_EQ(tokens_of(events), running_alone);
  }
  const auto end = std::find_if(log.calls.rbegin(), log.calls.rend(), is_running).base();
  std::size_t chunks = 0;  // of the long prompt, while the other answer goes on
  std::size_t calls_in_a_row = 0;
  for (auto call = log.calls.begin(); call != end; ++call) {
    EXPECT_LE(call->done.steps + call->done.chunks, 1U);
    calls_in_a_row = is_running(*call) ? 0 : calls_in_a_row + 1;
    EXPECT_LE(calls_in_a_row, 1U) << "after chunk " << chunks;
    chunks += is_running(*call) ? 0 : call->done.chunks;
  }
  EXPECT_GE(chunks, 2U);
}

INSTANTIATE_TEST_SUITE_P(Calls, LaneTurns, ::testing::Bool(),
                         [](const auto& instance) { return instance.param ? "AtOnce" : "OneByOne"; });

}  // namespace
}  // namespace axllama::serving
