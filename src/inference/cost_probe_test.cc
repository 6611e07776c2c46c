// What engine calls cost, measured before the first answer, on the software card.

#include "inference/cost_probe.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <gtest/gtest.h>

#include "base/error.h"
#include "inference/testing/loaded_engine.h"
#include "tests/support/softcard_settings.h"

namespace axllama::inference {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLayers = 3;
constexpr std::size_t kKinds = 5;  // a decode step, and the chunks of four groups

/// With calls one by one (false) and given to the card at once (true).
class CostProbe : public ::testing::TestWithParam<bool> {
 protected:
  static EngineOptions options(std::chrono::nanoseconds time = 1h) {
    return {.kv_slots = 1, .asynchronous = GetParam(), .measuring_time = time};
  }
  static std::uint64_t executes(Loaded& loaded) { return loaded.card.card().counters().executes; }
};

TEST_P(CostProbe, MakesEachKindOfCallOnce) {
  Loaded loaded({}, options());
  const std::uint64_t before = executes(loaded);
  EXPECT_EQ(loaded.engine->measure_unknown_costs({}), kKinds);
  EXPECT_EQ(executes(loaded) - before, kKinds * kLayers);
  const model::CostRecord record = loaded.engine->measured_costs();
  EXPECT_TRUE(record.decode_step);
  EXPECT_EQ(record.chunks.size(), kKinds - 1);
  EXPECT_TRUE(
      std::all_of(record.chunks.begin(), record.chunks.end(), [](auto& chunk) { return chunk.full; }));
  EXPECT_EQ(loaded.engine->measure_unknown_costs({}), 0U);
  EXPECT_EQ(executes(loaded) - before, kKinds * kLayers);
}

TEST_P(CostProbe, LeavesOutWhatAnswersOrARecordHaveTold) {
  Loaded loaded({}, options());
  run(*loaded.engine, greedy(random_tokens(64, 1), 3));  // a full chunk of the first group, and decode steps
  model::CostRecord record;
  record.chunks = {{64, 64, 0.1, true}, {64, 128, 0.1, false}, {32, 192, 0.1, true}};
  loaded.engine->assume_costs(record);
  EXPECT_EQ(loaded.engine->measure_unknown_costs({}), 2U);  // behind 128 and 192 rows
}

TEST_P(CostProbe, LeavesTheCacheEmptyAndChangesNoToken) {
  Loaded fresh({}, options());
  Loaded measured({}, options());
  measured.engine->measure_unknown_costs({});
  EXPECT_EQ(measured.engine->free_slots(), 1U);
  const Answer zeros = run(*measured.engine, greedy(std::vector<text::TokenId>(200), 8));
  EXPECT_EQ(zeros.last.stats.cached_prompt_tokens, 0U);
  EXPECT_EQ(zeros.tokens, run(*fresh.engine, greedy(std::vector<text::TokenId>(200), 8)).tokens);
  const GenerationRequest request = greedy(random_tokens(150, 2), 8);
  EXPECT_EQ(run(*measured.engine, request).tokens, run(*fresh.engine, request).tokens);
}

TEST_P(CostProbe, EndsWhenThereIsNoTimeLeft) {
  Loaded loaded({}, options(1ns));
  EXPECT_EQ(loaded.engine->measure_unknown_costs({}), 1U);
  EXPECT_TRUE(loaded.engine->measured_costs().decode_step);
  EXPECT_EQ(loaded.engine->measure_unknown_costs({}), 0U);
}

/// Here a chunk may cost its rows' decode steps, as long as none has been measured.
TEST_P(CostProbe, ExpectsTheWorstOfAChunkOnTheSoftwareCard) {
  Loaded loaded({}, options(60s));
  loaded.engine->assume_costs({.decode_step = 1.0});
  EXPECT_EQ(loaded.engine->measure_unknown_costs({}), 0U);  // 64 seconds
  model::CostRecord record{.decode_step = 1.0};
  record.chunks = {{64, 0, 1.0, true}};
  loaded.engine->assume_costs(record);
  EXPECT_EQ(loaded.engine->measure_unknown_costs({}), 3U);  // by the first, a second each
}

TEST_P(CostProbe, EndsWhenItIsTold) {
  Loaded loaded({}, options());
  int asked = 0;
  EXPECT_EQ(loaded.engine->measure_unknown_costs([&] { return ++asked <= 2; }), 2U);
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(loaded.engine->measure_unknown_costs({}), kKinds - 2);
}

TEST_P(CostProbe, AFailedCallIsAnErrorAfterWhichTheEngineAnswers) {
  const GenerationRequest request = greedy(random_tokens(150, 2), 8);
  Loaded fresh({}, options());
  const auto expected = run(*fresh.engine, request).tokens;
  Loaded loaded({}, options());
  {
    const testing::SoftcardSettings settings(R"({"quiet":true,"faults":"execute_error:at=5"})");
    EXPECT_THROW(loaded.engine->measure_unknown_costs({}), base::Error);
  }
  EXPECT_EQ(loaded.engine->free_slots(), 1U);
  EXPECT_EQ(run(*loaded.engine, request).tokens, expected);
}

INSTANTIATE_TEST_SUITE_P(Calls, CostProbe, ::testing::Bool(),
                         [](const auto& instance) { return instance.param ? "AtOnce" : "OneByOne"; });

}  // namespace
}  // namespace axllama::inference
