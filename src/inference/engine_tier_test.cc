// The engine with a tier of kept conversations beyond the card.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "inference/engine_inspection.h"
#include "inference/kv_tier.h"
#include "inference/testing/loaded_engine.h"

namespace axllama::inference {
namespace {

using testing::RandomModel;
using text::TokenId;
using Tokens = std::vector<TokenId>;

/// Keeps everything in memory.
class MemoryTier final : public KvTier {
 public:
  struct Kept {
    std::map<std::pair<std::size_t, std::size_t>, std::vector<std::byte>> rows;  // by layer and token
  };

  std::size_t longest_match(std::span<const TokenId> prompt) override { return best(prompt).second; }

  double read_seconds(std::span<const TokenId>, std::size_t) override { return seconds; }

  std::unique_ptr<KvSource> load(std::span<const TokenId> prompt) override {
    ++loads;
    const auto [kept, count] = best(prompt);
    return kept == nullptr ? nullptr : std::make_unique<Source>(*this, *kept, count);
  }
  std::unique_ptr<KvSink> store(std::span<const TokenId> tokens, std::size_t pinned) override {
    pinned_seen = pinned;
    Tokens key(tokens.begin(), tokens.end());
    if (entries.contains(key)) {
      return nullptr;
    }
    return std::make_unique<Sink>(*this, std::move(key));
  }

  explicit MemoryTier(const KvLayout& of) : layout(of) {}
  KvLayout layout;
  std::map<Tokens, Kept> entries;
  std::size_t loads = 0;
  std::size_t pinned_seen = 0;
  std::size_t fail_at_layer = 1000;
  double seconds = 0;  // that reading takes

 private:
  std::pair<const Kept*, std::size_t> best(std::span<const TokenId> prompt) const {
    const Kept* kept = nullptr;
    std::size_t longest = 0;
    for (const auto& [tokens, entry] : entries) {
      const std::size_t most = std::min(tokens.size(), prompt.size());
      const auto common = static_cast<std::size_t>(
          std::mismatch(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(most), prompt.begin())
              .first -
          tokens.begin());
      if (common > longest) {
        longest = common;
        kept = &entry;
      }
    }
    return {kept, longest};
  }

  class Source final : public KvSource {
   public:
    Source(MemoryTier& tier, const Kept& kept, std::size_t count) : tier_(tier), kept_(kept), count_(count) {}
    std::size_t tokens() const override { return count_; }
    bool read(std::size_t layer, std::size_t first, std::span<std::byte> keys,
              std::span<std::byte> values) override {
      const std::size_t row_bytes = tier_.layout.row_bytes;
      for (std::size_t row = 0; row < keys.size() / row_bytes; ++row) {
        const auto& both = kept_.rows.at({layer, first + row});
        std::memcpy(keys.data() + row * row_bytes, both.data(), row_bytes);
        std::memcpy(values.data() + row * row_bytes, both.data() + row_bytes, row_bytes);
      }
      return layer < tier_.fail_at_layer;
    }

   private:
    MemoryTier& tier_;
    const Kept& kept_;
    std::size_t count_;
  };

  class Sink final : public KvSink {
   public:
    Sink(MemoryTier& tier, Tokens key) : tier_(tier), key_(std::move(key)) {}
    std::size_t first() const override { return 0; }
    bool write(std::size_t layer, std::size_t first, std::span<const std::byte> keys,
               std::span<const std::byte> values) override {
      const std::size_t row_bytes = tier_.layout.row_bytes;
      for (std::size_t row = 0; row < keys.size() / row_bytes; ++row) {
        std::vector<std::byte> both(2 * row_bytes);
        std::memcpy(both.data(), keys.data() + row * row_bytes, row_bytes);
        std::memcpy(both.data() + row_bytes, values.data() + row * row_bytes, row_bytes);
        kept_.rows[{layer, first + row}] = std::move(both);
      }
      return true;
    }
    void finish() override { tier_.entries[std::move(key_)] = std::move(kept_); }

   private:
    MemoryTier& tier_;
    Tokens key_;
    Kept kept_;
  };
};

class EngineTier : public ::testing::Test {
 protected:
  EngineTier() : package(RandomModel{}) { load(); }

  /// As after a restart: nothing is on the card.
  void load() {
    engine.reset();
    engine = Engine::load(card.card(), package.open(), {}, {.kv_slots = 1});
    if (!tier) {
      tier = std::make_shared<MemoryTier>(engine->kv_layout());
    }
    engine->set_kv_tier(tier);
    fix_costs(1);
  }
  void fix_costs(double seconds_per_step) {
    EngineInspection inspection(*engine);
    PrefillCosts costs = PrefillCosts::guess(inspection.prefill_groups().size());
    costs.decode_step *= seconds_per_step;
    for (double& chunk : costs.chunk) {
      chunk *= seconds_per_step;
    }
    inspection.costs().fix(costs);
  }
  void work_idle() {
    for (int i = 0; i < 1000 && engine->work_idle(); ++i) {
    }
    EXPECT_FALSE(engine->work_idle());
  }

  TestCard card;
  TestPackage package;
  std::shared_ptr<MemoryTier> tier;
  std::unique_ptr<Engine> engine;
};

TEST_F(EngineTier, AConversationIsWarmAfterARestart) {
  GenerationRequest request = greedy(random_tokens(100, 1), 10);
  request.pinned_prompt_tokens = 30;
  const Answer first = run(*engine, request);
  work_idle();
  ASSERT_EQ(tier->entries.size(), 1U);
  EXPECT_EQ(tier->entries.begin()->first.size(), 109U);
  EXPECT_EQ(tier->pinned_seen, 30U);

  Tokens next = request.prompt;
  next.insert(next.end(), first.tokens.begin(), first.tokens.end());
  const Tokens more = random_tokens(20, 2);
  next.insert(next.end(), more.begin(), more.end());
  const Answer expected = run(*engine, greedy(next, 10));
  EXPECT_EQ(expected.last.stats.cached_prompt_tokens, 109U);

  load();
  const Answer warm = run(*engine, greedy(next, 10));
  EXPECT_EQ(warm.last.stats.cached_prompt_tokens, 109U);
  EXPECT_EQ(warm.tokens, expected.tokens);
  EXPECT_EQ(tier->loads, 1U);
  // The same prompt again: all but its last token, now from the card.
  EXPECT_EQ(run(*engine, greedy(next, 10)).tokens, expected.tokens);
  EXPECT_EQ(tier->loads, 1U);
}

TEST_F(EngineTier, AnEvictedConversationIsSavedFirst) {
  const GenerationRequest request = greedy(random_tokens(100, 1), 5);
  const Answer first = run(*engine, request);
  run(*engine, greedy(random_tokens(100, 2), 5));  // there was no idle moment in between
  EXPECT_EQ(tier->entries.size(), 1U);
  const Answer again = run(*engine, request);
  EXPECT_EQ(again.tokens, first.tokens);
  EXPECT_EQ(again.last.stats.cached_prompt_tokens, 99U);
}

TEST_F(EngineTier, RowsThatAreUnusableAreComputed) {
  const GenerationRequest request = greedy(random_tokens(100, 1), 5);
  const Answer first = run(*engine, request);
  work_idle();
  tier->fail_at_layer = 1;
  load();
  const Answer again = run(*engine, request);
  EXPECT_EQ(again.tokens, first.tokens);
  EXPECT_EQ(again.last.stats.cached_prompt_tokens, 0U);
  EXPECT_EQ(tier->loads, 1U);
}

TEST_F(EngineTier, ComputesWhatIsCheaperToCompute) {
  fix_costs(1e-12);
  run(*engine, greedy(random_tokens(100, 1), 5));
  EXPECT_FALSE(engine->work_idle());
  run(*engine, greedy(random_tokens(100, 2), 5));
  EXPECT_TRUE(tier->entries.empty());
  EXPECT_EQ(tier->loads, 0U);
}

TEST_F(EngineTier, ComputesWhatADiskIsTooSlowFor) {
  const GenerationRequest request = greedy(random_tokens(100, 1), 5);
  const Answer first = run(*engine, request);
  work_idle();
  load();
  tier->seconds = 1e9;
  EXPECT_EQ(run(*engine, request).tokens, first.tokens);
  EXPECT_EQ(tier->loads, 0U);
  load();
  tier->seconds = 1e-9;
  EXPECT_EQ(run(*engine, request).tokens, first.tokens);
  EXPECT_EQ(tier->loads, 1U);
}

TEST_F(EngineTier, ANewSequenceEndsTheSaving) {
  run(*engine, greedy(random_tokens(100, 1), 5));
  const Answer other = run(*engine, greedy(random_tokens(40, 3), 5));
  EXPECT_EQ(other.tokens.size(), 5U);
  const auto running = engine->start(greedy(random_tokens(30, 4), 5));
  EXPECT_FALSE(engine->work_idle());  // what a running generation holds is not finished
  running->cancel();
  work_idle();
}

}  // namespace
}  // namespace axllama::inference
