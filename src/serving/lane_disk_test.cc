// Answers whose beginnings are read from a disk that takes its time: the others go on.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "axcl/card.h"
#include "axcl/runtime.h"
#include "inference/engine.h"
#include "inference/engine_inspection.h"
#include "inference/kv_archive.h"
#include "inference/testing/gated_disk.h"
#include "serving/axcl_backend.h"
#include "serving/testing/fake_card_test.h"
#include "tests/support/random_package.h"
#include "tests/support/softcard_settings.h"
#include "tests/support/temporary_folder.h"

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using inference::FinishReason;
using inference::TokenEvent;
using Tokens = std::vector<text::TokenId>;

class LaneDisk : public FakeCardTest {
 protected:
  LaneDisk() {
    card.slots = 2;
    options.look_around = 24h;
    card.awaited_prompt = kAwaited;
  }
  Stream submit_waiting(int tokens) {
    InferenceRequest waiting = request("m", tokens, "waiting");
    waiting.generation.prompt.resize(kAwaited);
    return scheduler().submit(waiting);
  }
  /// Returns when the lane has nothing to do but to wait for the disk.
  void let_lane_rest() {
    card.idle_work = 1;
    card.wake();
    EXPECT_TRUE(eventually([this] { return card.idle_work == 0 && card.had_no_work; }));
  }
  void end_waiting() {
    card.awaited_prompt = 0;
    card.wake();
  }

  static constexpr std::size_t kAwaited = 7;
};

TEST_F(LaneDisk, OthersGoOnWhileOneWaits) {
  const Stream waiting = submit_waiting(2);
  const Stream other = scheduler().submit(request("m", 5, "other"));
  EXPECT_EQ(text_of(read_all(other)), "0 1 2 3 4 ");
  EXPECT_TRUE(std::holds_alternative<ModelReady>(next(waiting)));
  EXPECT_FALSE(waiting->try_next());
  end_waiting();
  EXPECT_EQ(text_of(read_all(waiting)), "0 1 ");
}

TEST_F(LaneDisk, ARestingLaneTakesNewRequests) {
  const Stream waiting = submit_waiting(2);
  EXPECT_TRUE(std::holds_alternative<ModelReady>(next(waiting)));
  let_lane_rest();
  EXPECT_EQ(text_of(read_all(scheduler().submit(request("m", 5, "other")))), "0 1 2 3 4 ");
  end_waiting();
  EXPECT_EQ(text_of(read_all(waiting)), "0 1 ");
}

TEST_F(LaneDisk, ARestingLaneEndsWhatIsCancelled) {
  const Stream waiting = submit_waiting(2);
  EXPECT_TRUE(std::holds_alternative<ModelReady>(next(waiting)));
  let_lane_rest();
  waiting->cancel();
  EXPECT_EQ(reason_of(waiting), FinishReason::kCancelled);
}

TEST_F(LaneDisk, ARestingLaneLooksForDeadlines) {
  options.look_around = 1ms;
  const Stream waiting = submit_waiting(2);
  card.step.wait_for_arrivals(5);  // each step looks
  end_waiting();
  EXPECT_EQ(text_of(read_all(waiting)), "0 1 ");
}

/// With a model on the software card, and conversations in a folder.
class LaneDiskOnCard : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_random_package({}, folder_ / "model");
    model_ = {"m", "digest", model::Package::open(folder_ / "model")};
    disk_.emplace(folder_ / "kv");
    axcl_.library = testing::software_card_library();
  }
  void TearDown() override {
    disk_->gate().open();
    archive_.reset();
  }

  /// What is answered to each alone. The conversations are kept on the disk.
  std::vector<Tokens> answer_and_keep(const std::vector<InferenceRequest>& requests) const {
    const auto archive = disk_->archive();
    axcl::Card card(axcl::Runtime::open(axcl_), 0);
    const auto engine = inference::Engine::load(card, model_.package, {}, {.kv_slots = requests.size()});
    engine->set_kv_tier(archive->tier(model_.digest, engine->kv_layout()));
    inference::EngineInspection inspection(*engine);
    inspection.costs().fix(inference::PrefillCosts::guess(inspection.prefill_groups().size()));
    std::vector<Tokens> answers;
    for (const InferenceRequest& request : requests) {
      const auto generation = engine->start(request.generation);
      Tokens& tokens = answers.emplace_back();
      for (TokenEvent event; !event.done;) {
        event = generation->step();
        tokens.insert(tokens.end(), event.tokens.begin(), event.tokens.end());
      }
    }
    while (engine->work_idle()) {
    }
    return answers;
  }

  const testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  ModelReference model_;
  axcl::RuntimeOptions axcl_;
  std::optional<inference::GatedDisk> disk_;
  std::shared_ptr<inference::KvArchive> archive_;  // read by the test; it waits for the gate when it goes
};

TEST_F(LaneDiskOnCard, OthersGoOnWhileAConversationIsRead) {
  const InferenceRequest kept = greedy(model_, 150, 6);
  const InferenceRequest other = greedy(model_, 20, 40);
  const std::vector<Tokens> expected = answer_and_keep({kept, other});
  archive_ = disk_->archive();
  AxclBackendOptions options;
  options.runtime = axcl_;
  options.trust.enabled = false;
  options.engine.kv_slots = 2;
  options.speculation = false;
  options.kv_tiers = [this](const std::string& digest, const inference::KvLayout& layout) {
    return archive_->tier(digest, layout);
  };
  disk_->gate().close();
  SchedulerOptions scheduling;
  scheduling.look_around = 24h;
  Scheduler scheduler(scheduling, axcl_backend(options));
  const Stream reading = scheduler.submit(kept);
  disk_->gate().wait_for_arrivals(1);
  EXPECT_EQ(tokens_of(read_all(scheduler.submit(other))), expected[1]);
  EXPECT_TRUE(std::holds_alternative<ModelReady>(next(reading)));
  EXPECT_FALSE(reading->try_next());
  disk_->gate().open();
  const std::vector<ResponseEvent> events = read_all(reading);
  EXPECT_EQ(tokens_of(events), expected[0]);
  EXPECT_EQ(std::get<TokenEvent>(events.back()).stats.cached_prompt_tokens, 149U);
}

}  // namespace
}  // namespace axllama::serving
