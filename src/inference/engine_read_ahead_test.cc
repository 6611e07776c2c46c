// The engine with conversations on a disk that takes its time.

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "inference/engine_inspection.h"
#include "inference/testing/gated_disk.h"
#include "inference/testing/loaded_engine.h"

namespace axllama::inference {
namespace {

namespace fs = std::filesystem;
using testing::RandomModel;

/// A conversation has been kept on disk, and nothing of it is on the card.
class EngineReadAhead : public ::testing::Test {
 protected:
  EngineReadAhead() : package_(RandomModel{}) {
    restart();
    expected_ = run(*engine_, request_);
    other_expected_ = run(*engine_, other_);
    while (engine_->work_idle()) {
    }
    archive_->flush();
    restart();
  }
  ~EngineReadAhead() override { disk_.gate().open(); }

  void restart() {
    engine_.reset();
    archive_ = disk_.archive();
    engine_ = Engine::load(card_.card(), package_.open(), {}, {.kv_slots = 2});
    engine_->wake_by([this] { ++woken_; });
    engine_->set_kv_tier(archive_->tier("digest", engine_->kv_layout()));
    fix_costs(1);
  }
  void fix_costs(double seconds_per_step) {
    EngineInspection inspection(*engine_);
    PrefillCosts costs = PrefillCosts::guess(inspection.prefill_groups().size());
    costs.decode_step *= seconds_per_step;
    for (double& chunk : costs.chunk) {
      chunk *= seconds_per_step;
    }
    inspection.costs().fix(costs);
  }
  /// One that has moved what there is when the disk has given so many pieces.
  std::unique_ptr<Engine::Generation> start_and_wait(std::size_t pieces) {
    disk_.gate().close();
    disk_.gate().let_pass(pieces);
    auto generation = engine_->start(request_);
    EXPECT_TRUE(generation->step().tokens.empty());
    disk_.gate().wait_for_arrivals(pieces + 1);
    EXPECT_EQ(generation->waits(), pieces == 0);
    EXPECT_TRUE(generation->step().tokens.empty());
    EXPECT_TRUE(generation->waits());
    return generation;
  }
  Answer go_on(Engine::Generation& generation) {
    disk_.gate().open();
    Answer answer;
    while (answer.step(generation)) {
    }
    return answer;
  }
  void expect_all_again(const Answer& answer, std::size_t cached) {
    EXPECT_EQ(answer.tokens, expected_.tokens);
    EXPECT_EQ(answer.last.stats.cached_prompt_tokens, cached);
  }
  /// In the files of all blocks.
  void damage_last_layers() {
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file()) {
        std::fstream stream(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(-1, std::ios::end);
        const int last = stream.get();
        stream.seekp(-1, std::ios::end);
        stream.put(static_cast<char>(~last));
      }
    }
  }

  static constexpr std::size_t kCached = 149;  // all but the last
  const GenerationRequest request_ = greedy(random_tokens(kCached + 1, 1), 6);
  const GenerationRequest other_ = greedy(random_tokens(20, 2), 30);
  TestCard card_;
  TestPackage package_;
  const TemporaryFolder folder_;
  const GatedDisk disk_{folder_.path()};
  std::atomic<int> woken_{0};
  std::shared_ptr<KvArchive> archive_;
  std::unique_ptr<Engine> engine_;
  Answer expected_;
  Answer other_expected_;
};

TEST_F(EngineReadAhead, AnotherGoesOnWhileTheDiskIsWaitedFor) {
  const auto waiting = start_and_wait(0);
  EXPECT_EQ(woken_, 0);
  const auto going = engine_->start(other_);
  Answer other;
  while (other.step(*going)) {
    EXPECT_TRUE(waiting->step().tokens.empty());
    EXPECT_TRUE(waiting->waits());
  }
  EXPECT_EQ(other.tokens, other_expected_.tokens);
  const Answer answer = go_on(*waiting);
  expect_all_again(answer, kCached);
  EXPECT_GT(woken_, 0);
  EXPECT_GT(answer.last.stats.prompt_time.count(), 0);
}

TEST_F(EngineReadAhead, MovesWhatIsThereWhileTheRestIsRead) {
  const auto generation = start_and_wait(1);
  // The first piece is on the card, the second is being read.
  EXPECT_EQ(archive_->usage().ahead_bytes, 2 * kKvBlockTokens * engine_->kv_layout().row_bytes);
  expect_all_again(go_on(*generation), kCached);
  EXPECT_EQ(archive_->usage().ahead_bytes, 0U);
}

TEST_F(EngineReadAhead, OneThatIsCancelledFreesItsPieces) {
  auto generation = start_and_wait(2);
  EXPECT_GT(archive_->usage().ahead_bytes, 0U);
  EXPECT_EQ(generation->cancel().reason, FinishReason::kCancelled);
  generation.reset();
  EXPECT_EQ(engine_->free_slots(), 2U);
  disk_.gate().open();
  expect_all_again(run(*engine_, request_), kCached);
  EXPECT_EQ(archive_->usage().ahead_bytes, 0U);
}

TEST_F(EngineReadAhead, TheEngineCanGoWhileTheDiskIsWaitedFor) {
  auto generation = start_and_wait(0);
  generation.reset();
  engine_.reset();
  disk_.gate().open();
  restart();
  expect_all_again(run(*engine_, request_), kCached);
}

TEST_F(EngineReadAhead, DamageThatIsFoundLateIsComputed) {
  damage_last_layers();
  const auto generation = start_and_wait(4);
  expect_all_again(go_on(*generation), 0);
  EXPECT_EQ(archive_->usage().ahead_bytes, 0U);
}

TEST_F(EngineReadAhead, FilesThatGoWhileTheyAreReadAreComputed) {
  const auto generation = start_and_wait(4);
  fs::remove_all(folder_.path());
  expect_all_again(go_on(*generation), 0);
}

TEST_F(EngineReadAhead, ComputesWhatADiskThatHangsWouldHaveGiven) {
  fix_costs(1e-3);
  disk_.gate().close();
  expect_all_again(run(*engine_, request_), 0);
  EXPECT_EQ(disk_.gate().arrivals(), 1U);
}

}  // namespace
}  // namespace axllama::inference
