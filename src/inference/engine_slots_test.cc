// Several sequences on one engine: KV slots, what they share, and how they take turns.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "inference/engine_inspection.h"
#include "inference/kv_slots.h"
#include "inference/testing/loaded_engine.h"
#include "tests/support/softcard_settings.h"

namespace axllama::inference {
namespace {

using base::Error;
using base::ErrorCode;
using ::testing::HasSubstr;
using testing::RandomModel;
using text::TokenId;
using Tokens = std::vector<TokenId>;

Tokens operator+(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The published ratios, and copies that cost nothing against them.
void fix_costs(Engine& engine) {
  EngineInspection inspection(engine);
  PrefillCosts costs = PrefillCosts::guess(inspection.prefill_groups().size());
  costs.copy = 0.01;
  inspection.costs().fix(costs);
}

TEST(EngineSlots, AreMadeWhenTheyAreNeeded) {
  Loaded loaded({}, {.kv_slots = 3});
  Engine& engine = *loaded.engine;
  const std::uint64_t one = engine.card_bytes();
  EXPECT_EQ(engine.slots(), 3U);
  EXPECT_EQ(engine.free_slots(), 3U);
  const auto first = engine.start(greedy(random_tokens(10, 1), 5));
  EXPECT_EQ(engine.card_bytes(), one);
  const auto second = engine.start(greedy(random_tokens(10, 2), 5));
  EXPECT_GT(engine.card_bytes(), one);
  const auto third = engine.start(greedy(random_tokens(10, 3), 5));
  EXPECT_EQ(engine.free_slots(), 0U);
  try {
    engine.start(greedy(random_tokens(10, 4), 5));
    FAIL() << "a fourth sequence in three slots";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
  }
  first->cancel();
  EXPECT_EQ(engine.free_slots(), 1U);
  EXPECT_NO_THROW(engine.start(greedy(random_tokens(10, 4), 5)));
}

TEST(EngineSlots, TheirNumberFollowsTheCardsMemory) {
  EXPECT_EQ(Loaded().engine->slots(), kMostSlotsByDefault);
  EXPECT_EQ(Loaded({}, {.parallel = 6}).engine->slots(), 6U);
  EXPECT_EQ(Loaded({}, {.kv_slots = 1, .parallel = 6}).engine->slots(), 1U);
}

/// A model whose KV slots are large against a MiB, the unit of the software card's memory.
RandomModel with_large_slots() {
  RandomModel model;
  model.kv_heads = 4;
  model.head_dim = 64;
  model.context = 1024;
  return model;
}

/// What a model takes of the card's memory: with one slot, and for another.
struct CardUse {
  std::uint64_t model = 0;
  std::uint64_t slot = 0;
};

CardUse card_use(const TestPackage& package) {
  TestCard card;
  const auto engine = Engine::load(card.card(), package.open(), {}, {.kv_slots = 2});
  const axcl::CardProperties properties = card.card().properties().value();
  const std::uint64_t one = engine->card_bytes();
  const auto first = engine->start(greedy(random_tokens(10, 1), 1));
  const auto second = engine->start(greedy(random_tokens(10, 2), 1));
  return {properties.cmm_total_bytes - properties.cmm_free_bytes, engine->card_bytes() - one};
}

/// The setting of a card that has at least so many bytes, and less than a MiB more.
std::string card_of(std::uint64_t bytes) {
  constexpr std::uint64_t kMiB = 1U << 20U;
  return R"({"quiet":true,"cmm_mib":)" + std::to_string((bytes + kMiB - 1) / kMiB) + "}";
}

TEST(EngineSlots, FewerAreMadeWhereFewerFit) {
  const TestPackage package(with_large_slots());
  const CardUse use = card_use(package);
  for (std::size_t spare = 0; spare < kMostSlotsByDefault; ++spare) {
    const testing::SoftcardSettings settings(card_of(use.model + spare * use.slot + kCardReserveBytes));
    TestCard card;
    const auto engine = Engine::load(card.card(), package.open(), {}, {.parallel = 6});
    EXPECT_EQ(engine->slots(), 1 + spare);
  }
}

TEST(EngineSlots, OneThatTheCardHasNoMemoryForIsNotAskedForAgain) {
  const TestPackage package(with_large_slots());
  std::vector<GenerationRequest> requests;
  std::vector<Tokens> alone;
  {
    TestCard card;
    const auto engine = Engine::load(card.card(), package.open());
    for (std::uint64_t i = 0; i < 3; ++i) {
      requests.push_back(greedy(random_tokens(70 + i, i), 8));
      alone.push_back(run(*engine, requests.back()).tokens);
    }
  }
  const CardUse use = card_use(package);
  const testing::SoftcardSettings settings(card_of(use.model + use.slot));
  TestCard card;
  const auto engine = Engine::load(card.card(), package.open(), {}, {.kv_slots = 3});
  EXPECT_EQ(engine->slots(), 3U);
  const auto first = engine->start(requests[0]);
  const auto second = engine->start(requests[1]);
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      engine->start(requests[2]);
      FAIL() << "a third slot where two fit";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
      EXPECT_THAT(error.message(), HasSubstr("All 2 KV slots of the model are in use"));
    }
    EXPECT_EQ(engine->slots(), 2U);
    EXPECT_EQ(engine->free_slots(), 0U);
  }
  Answer first_answer;
  Answer second_answer;
  while (first_answer.step(*first)) {
    second_answer.step(*second);
  }
  EXPECT_EQ(first_answer.tokens, alone[0]);
  EXPECT_EQ(engine->free_slots(), 1U);
  EXPECT_EQ(run(*engine, requests[2]).tokens, alone[2]);
  while (second_answer.step(*second)) {
  }
  EXPECT_EQ(second_answer.tokens, alone[1]);
}

TEST(EngineSlots, ManySequencesGiveTheTokensTheyGiveAlone) {
  const TestPackage package(RandomModel{});
  std::vector<GenerationRequest> requests;
  Random random(7);
  const Tokens shared = random_tokens(70, 100);
  for (std::uint64_t i = 0; i < 12; ++i) {
    const Tokens own = random_tokens(1 + random.next() % 120, i);
    requests.push_back(greedy(i % 3 == 0 ? shared + own : own, static_cast<int>(1 + random.next() % 25)));
    requests.back().sampling.temperature = i % 2 == 0 ? 0 : 1.2;
    requests.back().sampling.seed = i;
    requests.back().sampling.repeat_penalty = 1.1;
  }
  std::vector<Tokens> alone;
  {
    TestCard card;
    const auto engine = Engine::load(card.card(), package.open(), {}, {.kv_slots = 1});
    for (const GenerationRequest& request : requests) {
      engine->reset_cache();
      alone.push_back(run(*engine, request).tokens);
    }
  }
  TestCard card;
  const auto engine = Engine::load(card.card(), package.open(), {}, {.kv_slots = 4});
  struct Running {
    std::size_t request;
    std::unique_ptr<Engine::Generation> generation;
    Answer answer;
    std::optional<std::size_t> cancel_after;
  };
  std::vector<Running> running;
  std::size_t compared = 0;
  for (std::size_t next = 0; next < 5 * requests.size() || !running.empty();) {
    if (next < 5 * requests.size() && engine->free_slots() > 0) {
      const std::size_t request = next % requests.size();
      running.push_back({request, engine->start(requests[request]), {}, {}});
      if (next % 4 == 3) {
        running.back().cancel_after = random.next() % 6;
      }
      ++next;
      continue;
    }
    const auto turn = running.begin() + static_cast<std::ptrdiff_t>(random.next() % running.size());
    if (turn->cancel_after && turn->answer.tokens.size() >= *turn->cancel_after) {
      turn->generation->cancel();
      running.erase(turn);
    } else if (!turn->answer.step(*turn->generation)) {
      EXPECT_EQ(turn->answer.tokens, alone[turn->request]) << "request " << turn->request;
      ++compared;
      running.erase(turn);
    }
  }
  EXPECT_GE(compared, 45U);
  EXPECT_EQ(engine->free_slots(), 4U);
}

TEST(EngineSlots, AlternatingSequencesStayWithinTheCallBudget) {
  Loaded loaded({}, {.kv_slots = 2});
  const RandomModel& model = loaded.package.model();
  const auto a = loaded.engine->start(greedy(random_tokens(20, 1), 40));
  const auto b = loaded.engine->start(greedy(random_tokens(90, 2), 40));
  Answer answer_a;
  Answer answer_b;
  while (answer_a.tokens.size() < 2) {
    answer_a.step(*a);
  }
  while (answer_b.tokens.size() < 2) {
    answer_b.step(*b);
  }
  for (int i = 0; i < 20; ++i) {
    const axcl::CallCounters before = loaded.card.card().counters();
    const std::uint64_t own_before = loaded.card.own_counter("/remote_calls");
    ASSERT_TRUE(i % 2 == 0 ? answer_a.step(*a) : answer_b.step(*b));
    const axcl::CallCounters spent = loaded.card.card().counters() - before;
    EXPECT_EQ(spent.remote_calls, model.layers + 5);
    EXPECT_EQ(spent.executes, model.layers + 1);
    EXPECT_EQ(spent.bytes_to_card, 2 * model.hidden + 4 + 2);  // embedding, position, one mask column
    EXPECT_EQ(spent.bytes_on_card, 0U);
    EXPECT_EQ(loaded.card.own_counter("/remote_calls") - own_before, spent.remote_calls);
  }
}

TEST(EngineSlots, EachConversationKeepsItsCache) {
  Loaded loaded({}, {.kv_slots = 3});
  std::vector<Tokens> conversations;
  for (std::uint64_t i = 0; i < 3; ++i) {
    conversations.push_back(random_tokens(40 + i, i));
  }
  for (int turn = 0; turn < 3; ++turn) {
    for (Tokens& conversation : conversations) {
      const Answer answer = run(*loaded.engine, greedy(conversation, 6));
      if (turn > 0) {
        EXPECT_EQ(answer.last.stats.cached_prompt_tokens, conversation.size() - 6);
      }
      conversation = conversation + answer.tokens + random_tokens(5, 50);
    }
  }
  // A fourth one takes the place of the one that was used longest ago.
  run(*loaded.engine, greedy(random_tokens(30, 9), 1));
  EXPECT_GT(run(*loaded.engine, greedy(conversations[2], 1)).last.stats.cached_prompt_tokens, 60U);
  EXPECT_GT(run(*loaded.engine, greedy(conversations[1], 1)).last.stats.cached_prompt_tokens, 60U);
  EXPECT_EQ(run(*loaded.engine, greedy(conversations[0], 1)).last.stats.cached_prompt_tokens, 0U);
}

TEST(EngineSlots, ASharedSystemPromptIsCopiedOnTheCard) {
  Loaded loaded({}, {.kv_slots = 2});
  fix_costs(*loaded.engine);
  const RandomModel& model = loaded.package.model();
  const Tokens system = random_tokens(100, 1);
  GenerationRequest first = greedy(system + random_tokens(60, 2), 5);
  GenerationRequest second = greedy(system + random_tokens(20, 3), 5);
  first.pinned_prompt_tokens = second.pinned_prompt_tokens = system.size();

  // While the first one runs its slot cannot be taken, but what both begin with can be copied.
  const auto running = loaded.engine->start(first);
  Answer first_answer;
  while (first_answer.tokens.empty()) {
    first_answer.step(*running);
  }
  const auto generation = loaded.engine->start(second);
  Answer answer;
  const axcl::CallCounters before = loaded.card.card().counters();
  answer.step(*generation);
  const axcl::CallCounters spent = loaded.card.card().counters() - before;
  EXPECT_EQ(spent.executes, 0U);
  EXPECT_EQ(spent.bytes_on_card, 2 * model.layers * system.size() * model.kv_heads * model.head_dim * 2);
  while (answer.step(*generation)) {
  }
  EXPECT_EQ(answer.last.stats.cached_prompt_tokens, system.size());
  while (first_answer.step(*running)) {
  }
  Loaded fresh;
  EXPECT_EQ(run(*fresh.engine, second).tokens, answer.tokens);
  EXPECT_EQ(run(*fresh.engine, first).tokens, first_answer.tokens);
}

TEST(EngineSlots, APinnedBeginningStaysLongest) {
  Loaded loaded({}, {.kv_slots = 2});
  fix_costs(*loaded.engine);
  const Tokens system = random_tokens(100, 1);
  GenerationRequest pinned = greedy(system + random_tokens(30, 2), 2);
  pinned.pinned_prompt_tokens = system.size();
  run(*loaded.engine, pinned);
  for (std::uint64_t i = 10; i < 15; ++i) {
    run(*loaded.engine, greedy(random_tokens(50, i), 2));
  }
  pinned.prompt = system + random_tokens(30, 3);
  EXPECT_EQ(run(*loaded.engine, pinned).last.stats.cached_prompt_tokens, system.size());
}

TEST(EngineSlots, ACopyThatSavesNothingIsNotMade) {
  Loaded loaded({}, {.kv_slots = 2});
  fix_costs(*loaded.engine);
  run(*loaded.engine, greedy(random_tokens(100, 1), 2));
  // With or without the ten tokens it is one chunk.
  const Answer answer = run(*loaded.engine, greedy(random_tokens(10, 1) + random_tokens(30, 2), 2));
  EXPECT_EQ(answer.last.stats.cached_prompt_tokens, 0U);
}

TEST(EngineSlots, ResettingForgetsRunningSequencesWhenTheyEnd) {
  Loaded loaded({}, {.kv_slots = 2});
  const GenerationRequest request = greedy(random_tokens(30, 1), 5);
  const auto running = loaded.engine->start(request);
  Answer answer;
  answer.step(*running);
  loaded.engine->reset_cache();
  while (answer.step(*running)) {
  }
  EXPECT_EQ(answer.tokens.size(), 5U);
  const Answer again = run(*loaded.engine, request);
  EXPECT_EQ(again.tokens, answer.tokens);
  EXPECT_EQ(again.last.stats.cached_prompt_tokens, 0U);
}

TEST(EngineSlots, GoesOnElsewhereWithTheSameTokens) {
  const TestPackage package(RandomModel{});
  GenerationRequest request = greedy(random_tokens(50, 1), 20);
  request.sampling.temperature = 1.5;
  request.sampling.seed = 3;
  request.sampling.repeat_penalty = 1.2;
  TestCard card;
  auto engine = Engine::load(card.card(), package.open());
  const Tokens expected = run(*engine, request).tokens;
  const auto generation = engine->start(request);
  Answer answer;
  while (answer.tokens.size() < 7) {
    answer.step(*generation);
  }
  generation->suspend();
  EXPECT_THROW(generation->step(), Error);
  engine.reset();
  engine = Engine::load(card.card(), package.open());
  engine->resume(*generation);
  while (answer.step(*generation)) {
  }
  EXPECT_EQ(answer.tokens, expected);
}

TEST(EngineSlots, ShiftsTheContextAndGoesOn) {
  Loaded loaded;
  GenerationRequest request = greedy(random_tokens(40, 1), 60);
  request.context_limit = 64;
  request.context_shift = true;
  request.keep_tokens = 8;
  const Answer answer = run(*loaded.engine, request);
  EXPECT_EQ(answer.tokens.size(), 60U);

  // By hand: what a fresh engine says behind the tokens that were kept.
  Tokens tokens = request.prompt;
  Tokens expected;
  Loaded fresh({}, {.kv_slots = 1});
  while (expected.size() < 60) {
    if (tokens.size() > 64) {
      tokens.erase(tokens.begin() + 8,
                   tokens.begin() + 8 + static_cast<std::ptrdiff_t>((tokens.size() - 8) / 2));
    }
    expected.push_back(run(*fresh.engine, greedy(tokens, 1)).tokens.at(0));
    tokens.push_back(expected.back());
  }
  EXPECT_EQ(answer.tokens, expected);
}

TEST(EngineSlots, SpareMemoryCanBeGivenBack) {
  Loaded loaded({}, {.kv_slots = 3});
  const std::uint64_t one = loaded.engine->card_bytes();
  const auto free_bytes = [&] { return loaded.card.card().properties().value().cmm_free_bytes; };
  const std::uint64_t free_before = free_bytes();
  EXPECT_FALSE(loaded.engine->release_spare_memory());
  run(*loaded.engine, greedy(random_tokens(40, 1), 3));
  const auto running = loaded.engine->start(greedy(random_tokens(40, 2), 3));
  run(*loaded.engine, greedy(random_tokens(40, 3), 3));
  EXPECT_TRUE(loaded.engine->release_spare_memory());
  EXPECT_LT(loaded.engine->card_bytes(), 3 * one);
  Answer answer;
  while (answer.step(*running)) {
  }
  EXPECT_TRUE(loaded.engine->release_spare_memory());
  EXPECT_EQ(loaded.engine->card_bytes(), one);
  EXPECT_EQ(free_bytes(), free_before);
  EXPECT_EQ(run(*loaded.engine, greedy(random_tokens(40, 2), 3)).tokens, answer.tokens);
}

}  // namespace
}  // namespace axllama::inference
