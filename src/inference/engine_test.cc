#include "inference/engine.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "inference/engine_inspection.h"
#include "inference/logits_selection.h"
#include "inference/testing/loaded_engine.h"

namespace axllama::inference {
namespace {

using base::Bf16;
using base::Error;
using base::ErrorCode;
using testing::RandomModel;
using text::TokenId;

TEST(Engine, DescribesItself) {
  Loaded loaded;
  EXPECT_EQ(loaded.engine->context_length(), 256U);
  EXPECT_EQ(loaded.engine->shapes().hidden, 64U);
  EXPECT_EQ(loaded.engine->shapes().prefill.size(), 4U);
  // Three layers' caches of 256 + 64 rows of 64 bytes, for keys and values.
  EXPECT_GT(loaded.engine->card_bytes(), 3U * 2 * (256 + 64) * 64);
}

TEST(Engine, AnswersTheSameEveryTime) {
  Loaded loaded;
  const GenerationRequest request = greedy(random_tokens(20, 1), 30);
  const Answer first = run(*loaded.engine, request);
  EXPECT_EQ(first.tokens.size(), 30U);
  EXPECT_EQ(first.last.reason, FinishReason::kLength);
  EXPECT_EQ(first.last.stats.cached_prompt_tokens, 0U);
  // Random weights, but not one token for ever.
  EXPECT_GT(std::count_if(first.tokens.begin(), first.tokens.end(),
                          [&](TokenId token) { return token != first.tokens[0]; }),
            5);
  EXPECT_EQ(run(*loaded.engine, request).tokens, first.tokens);
  loaded.engine->reset_cache();
  const Answer again = run(*loaded.engine, request);
  EXPECT_EQ(again.tokens, first.tokens);
  EXPECT_EQ(again.last.stats.cached_prompt_tokens, 0U);
}

TEST(Engine, ReusesTheLongestCommonPrefix) {
  Loaded loaded({}, {.kv_slots = 1});
  const std::vector<TokenId> prompt = random_tokens(90, 2);
  const Answer first = run(*loaded.engine, greedy(prompt, 10));

  // The next turn: prompt, answer and more. All but the answer's last token are cached.
  std::vector<TokenId> next = prompt;
  next.insert(next.end(), first.tokens.begin(), first.tokens.end());
  const std::vector<TokenId> more = random_tokens(15, 3);
  next.insert(next.end(), more.begin(), more.end());
  const Answer second = run(*loaded.engine, greedy(next, 10));
  EXPECT_EQ(second.last.stats.cached_prompt_tokens, 99U);
  EXPECT_EQ(second.last.stats.prompt_tokens, 115U);

  // The same prompt again: all but its last token.
  EXPECT_EQ(run(*loaded.engine, greedy(next, 10)).last.stats.cached_prompt_tokens, 114U);

  // Another ending: what differs is dropped, and what stays behind it does not disturb.
  std::vector<TokenId> other(prompt.begin(), prompt.begin() + 37);
  other.push_back(prompt[37] ^ 1);
  const Answer third = run(*loaded.engine, greedy(other, 40));
  EXPECT_EQ(third.last.stats.cached_prompt_tokens, 37U);

  Loaded fresh;
  EXPECT_EQ(run(*fresh.engine, greedy(other, 40)).tokens, third.tokens);
  fresh.engine->reset_cache();
  EXPECT_EQ(run(*fresh.engine, greedy(next, 10)).tokens, second.tokens);
}

/// Tokens, keys and values after a prompt that was evaluated in steps of `sizes`, repeated; 1 is a decode
/// step.
struct Trace {
  std::vector<TokenId> tokens;
  std::vector<std::vector<std::byte>> rows;
};

Trace trace(Loaded& loaded, const std::vector<TokenId>& prompt, const std::vector<std::size_t>& sizes) {
  EngineInspection inspection(*loaded.engine);
  const auto groups = inspection.prefill_groups();
  std::size_t turn = 0;
  inspection.set_planner([&, turn](std::size_t cached, std::size_t remaining) mutable {
    const std::size_t rows = std::min(sizes[turn++ % sizes.size()], remaining);
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const model::PrefillGroup& g) {
      return g.history >= cached && rows <= g.rows;
    });
    if (rows <= 1 || group == groups.end()) {
      return PrefillStep{};
    }
    return PrefillStep{static_cast<std::size_t>(group - groups.begin()), rows};
  });
  loaded.engine->reset_cache();
  Trace result;
  result.tokens = run(*loaded.engine, greedy(prompt, 8)).tokens;
  for (std::size_t layer = 0; layer < loaded.package.model().layers; ++layer) {
    result.rows.push_back(inspection.keys(loaded.card.card(), layer, 0, prompt.size() + 7));
    result.rows.push_back(inspection.values(loaded.card.card(), layer, 0, prompt.size() + 7));
  }
  return result;
}

TEST(Engine, EverySplitOfAPromptGivesTheSameKeysValuesAndTokens) {
  Loaded loaded;
  for (const std::size_t length : {1U, 2U, 63U, 64U, 65U, 150U, 248U}) {
    const std::vector<TokenId> prompt = random_tokens(length, length);
    const Trace expected = trace(loaded, prompt, {1});  // token by token
    for (const std::vector<std::size_t>& sizes :
         {std::vector<std::size_t>{64}, {63}, {2}, {7}, {1, 64}, {40, 1, 3}, {33, 17, 64, 5}}) {
      const Trace actual = trace(loaded, prompt, sizes);
      EXPECT_EQ(actual.tokens, expected.tokens) << length << " tokens in steps from " << sizes[0];
      EXPECT_TRUE(actual.rows == expected.rows) << length << " tokens in steps from " << sizes[0];
    }
  }
}

TEST(Engine, TheUsualPlanGivesThemToo) {
  Loaded loaded;
  const std::vector<TokenId> prompt = random_tokens(150, 9);
  const Answer usual = run(*loaded.engine, greedy(prompt, 8));
  EXPECT_EQ(trace(loaded, prompt, {1}).tokens, usual.tokens);
}

void expect_call_budget(const RandomModel& model) {
  Loaded loaded(model);
  const std::size_t layers = model.layers;
  const auto generation = loaded.engine->start(greedy(random_tokens(200, 4), 20));
  while (generation->step().tokens.empty()) {
  }
  for (int token = 0; token < 10; ++token) {
    const axcl::CallCounters before = loaded.card.card().counters();
    const std::uint64_t own_before = loaded.card.own_counter("/remote_calls");
    ASSERT_EQ(generation->step().tokens.size(), 1U);
    const axcl::CallCounters spent = loaded.card.card().counters() - before;
    EXPECT_LE(spent.remote_calls, layers + 5);
    EXPECT_EQ(spent.executes, layers + 1);
    EXPECT_LE(spent.bytes_to_card, 2 * model.hidden + 4 + 64);
    EXPECT_EQ(spent.bytes_from_card, 2 * model.vocabulary);
    EXPECT_EQ(spent.bytes_on_card, 0U);
    EXPECT_EQ(loaded.card.own_counter("/remote_calls") - own_before, spent.remote_calls);
  }
}

TEST(Engine, ATokenCostsLayersPlusFiveCalls) {
  expect_call_budget({});
}

TEST(Engine, ATokenOf36LayersCosts41Calls) {
  RandomModel model;
  model.layers = 36;
  expect_call_budget(model);
}

TEST(Engine, AChunkStaysOnTheCard) {
  Loaded loaded;
  const RandomModel& model = loaded.package.model();
  const auto generation = loaded.engine->start(greedy(random_tokens(2 * model.chunk + 5, 5), 1));
  generation->step();
  const axcl::CallCounters before = loaded.card.card().counters();
  generation->step();  // the second chunk
  const axcl::CallCounters spent = loaded.card.card().counters() - before;
  EXPECT_EQ(spent.remote_calls, 3 + 3 * model.layers);
  EXPECT_EQ(spent.bytes_from_card, 0U);
  EXPECT_EQ(spent.bytes_on_card,
            model.layers * 2 * model.chunk * model.kv_heads * model.head_dim * sizeof(Bf16));
}

TEST(Engine, EndsWhenTheContextIsFull) {
  Loaded loaded;
  const std::vector<TokenId> prompt = random_tokens(250, 6);
  const Answer answer = run(*loaded.engine, greedy(prompt, -1));
  EXPECT_EQ(answer.tokens.size(), 6U);
  EXPECT_EQ(answer.last.reason, FinishReason::kLength);
  const Answer longest = run(*loaded.engine, greedy(random_tokens(255, 7), -1));
  EXPECT_EQ(longest.tokens.size(), 1U);
  EXPECT_EQ(longest.last.reason, FinishReason::kLength);
  EXPECT_EQ(run(*loaded.engine, greedy(prompt, -1)).tokens, answer.tokens);
}

TEST(Engine, TakesGroupsThatReachBeyondTheContext) {
  RandomModel model;
  model.context = 200;
  model.histories = {0, 64, 256};
  Loaded loaded(model);
  const std::vector<TokenId> prompt = random_tokens(195, 8);
  const Answer answer = run(*loaded.engine, greedy(prompt, -1));
  EXPECT_EQ(answer.tokens.size(), 5U);
  EngineInspection(*loaded.engine).set_planner([](std::size_t, std::size_t) { return PrefillStep{}; });
  loaded.engine->reset_cache();
  EXPECT_EQ(run(*loaded.engine, greedy(prompt, -1)).tokens, answer.tokens);
}

TEST(Engine, WorksWithoutPrefillGroups) {
  RandomModel model;
  model.histories = {};
  Loaded loaded(model);
  Loaded with_groups;
  const GenerationRequest request = greedy(random_tokens(30, 10), 5);
  EXPECT_EQ(run(*loaded.engine, request).tokens, run(*with_groups.engine, request).tokens);
}

TEST(Engine, EvaluateGivesTheLogitsAlongTheWay) {
  Loaded loaded;
  const std::vector<TokenId> prompt = random_tokens(100, 11);
  const Answer answer = run(*loaded.engine, greedy(prompt, 10));
  std::vector<TokenId> tokens = prompt;
  tokens.insert(tokens.end(), answer.tokens.begin(), answer.tokens.end());
  std::vector<TokenId> best;
  loaded.engine->evaluate(tokens, [&](std::size_t position, std::span<const Bf16> logits) {
    EXPECT_EQ(position, best.size());
    EXPECT_EQ(logits.size(), loaded.package.model().vocabulary);
    best.push_back(LogitsSelection().best(logits).id);
  });
  ASSERT_EQ(best.size(), 110U);
  EXPECT_TRUE(std::equal(answer.tokens.begin(), answer.tokens.end(), best.begin() + 99));
  EXPECT_THROW(loaded.engine->evaluate(random_tokens(257, 1), [](std::size_t, std::span<const Bf16>) {}),
               Error);
}

TEST(Engine, RefusesPromptsItCannotAnswer) {
  Loaded loaded;
  EXPECT_THROW(loaded.engine->start(greedy({}, 1)), Error);
  EXPECT_THROW(loaded.engine->start(greedy({320}, 1)), Error);
  EXPECT_THROW(loaded.engine->start(greedy(random_tokens(256, 1), 1)), Error);
  EXPECT_NO_THROW(loaded.engine->start(greedy({319}, 1)));
}

TEST(Engine, ReportsProgressAndGivesUpOnRequest) {
  TestCard card;
  const TestPackage package(RandomModel{});
  std::vector<std::size_t> seen;
  auto engine = Engine::load(card.card(), package.open(), [&](std::size_t loaded, std::size_t total) {
    EXPECT_EQ(total, 3U);
    seen.push_back(loaded);
    return true;
  });
  EXPECT_EQ(seen, (std::vector<std::size_t>{1, 2, 3}));
  engine.reset();
  try {
    Engine::load(card.card(), package.open(), [](std::size_t loaded, std::size_t) { return loaded < 2; });
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
}

std::string load_error(const TestPackage& package, ErrorCode code) {
  TestCard card;
  try {
    Engine::load(card.card(), package.open());
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
    return error.message();
  }
  ADD_FAILURE() << "loaded";
  return "";
}

TEST(Engine, RefusesLayersOfDifferentShapes) {
  const TestPackage package(RandomModel{});
  RandomModel other;
  other.context = 128;
  write_random_layer(other, package.folder(), 2);
  const std::string message = load_error(package, ErrorCode::kInvalidArgument);
  for (const char* part : {"_l0_together", "_l2_together", "256", "128", "context"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST(Engine, RefusesAHeadThatDoesNotFit) {
  const TestPackage package(RandomModel{});
  RandomModel other;
  other.hidden = 128;
  write_random_head(other, package.folder());
  std::string message = load_error(package, ErrorCode::kInvalidArgument);
  EXPECT_NE(message.find("128"), std::string::npos) << message;
  EXPECT_NE(message.find("256"), std::string::npos) << message;
  other = {};
  other.vocabulary = 384;
  write_random_head(other, package.folder());
  message = load_error(package, ErrorCode::kInvalidArgument);
  EXPECT_NE(message.find("384"), std::string::npos) << message;
  EXPECT_NE(message.find("320"), std::string::npos) << message;
}

TEST(Engine, ForgetsACacheThatMayHoldGarbage) {
  const TestPackage package(RandomModel{});
  TestCard card;
  const GenerationRequest request = greedy(random_tokens(30, 12), 5);
  std::vector<TokenId> expected;
  {
    const auto engine = Engine::load(card.card(), package.open());
    expected = run(*engine, request).tokens;
    EngineInspection inspection(*engine);
    inspection.distrust();
    EXPECT_EQ(inspection.cache().size(), 0U);
    const Answer answer = run(*engine, request);
    EXPECT_EQ(answer.tokens, expected);
    EXPECT_EQ(answer.last.stats.cached_prompt_tokens, 0U);
  }
  // A head whose weights are not numbers: an error, not a token.
  RandomModel broken = package.model();
  broken.head_scale = std::numeric_limits<double>::quiet_NaN();
  write_random_head(broken, package.folder());
  const auto engine = Engine::load(card.card(), package.open());
  const auto generation = engine->start(request);
  try {
    generation->step();
    FAIL() << "a token from logits that are not numbers";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
  }
  EXPECT_EQ(EngineInspection(*engine).cache().size(), 0U);
}

TEST(Engine, LeavesNothingOnTheCard) {
  TestCard card;
  const TestPackage package(RandomModel{});
  const auto free_bytes = [&] { return card.card().properties().value().cmm_free_bytes; };
  const std::uint64_t before = free_bytes();
  for (int i = 0; i < 3; ++i) {
    const auto engine = Engine::load(card.card(), package.open());
    EXPECT_LT(free_bytes(), before);
    EXPECT_THROW(Engine::load(card.card(), package.open(), [](std::size_t, std::size_t) { return false; }),
                 Error);
  }
  EXPECT_EQ(free_bytes(), before);
}

}  // namespace
}  // namespace axllama::inference
