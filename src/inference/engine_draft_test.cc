// Draft models on the card: what they guess is verified, and answers are those of plain decoding.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "inference/engine_inspection.h"
#include "inference/testing/loaded_engine.h"
#include "tests/support/softcard_settings.h"

namespace axllama::inference {
namespace {

using base::Error;
using base::ErrorCode;
using ::testing::HasSubstr;
using testing::RandomModel;
using text::TokenId;

/// Chunks and draft tokens that cost next to nothing: every guess is tried.
void make_guesses_cheap(Engine& engine, double decode_step) {
  EngineInspection inspection(engine);
  PrefillCosts costs = PrefillCosts::guess(inspection.prefill_groups().size());
  costs.decode_step = decode_step;
  inspection.costs().fix(costs);
}

RandomModel draft_named(const char* name) {
  RandomModel model;
  model.name = name;
  return model;
}
/// Guesses what the model of loaded_engine.h says.
RandomModel right() {
  return draft_named("right");
}
/// The same model without its last layer: often right.
RandomModel often_right() {
  RandomModel model = draft_named("often");
  model.layers = 2;
  return model;
}
RandomModel wrong() {
  RandomModel model = draft_named("wrong");
  model.seed = 77;
  return model;
}

/// A random model with a draft model, whose guesses are all tried.
class Drafted {
 public:
  explicit Drafted(const RandomModel& draft, const EngineOptions& options = {})
      : loaded(RandomModel{}, options), package(draft) {
    model = Engine::load(loaded.card.card(), package.open(), {}, options);
    make_guesses_cheap(engine(), 1000);
    make_guesses_cheap(*model, 1);
    engine().set_draft(model);
  }
  ~Drafted() { engine().set_draft(nullptr); }
  Drafted(const Drafted&) = delete;
  Drafted& operator=(const Drafted&) = delete;

  Engine& engine() { return *loaded.engine; }
  std::size_t busy_draft_slots() { return EngineInspection(*model).slots().busy(); }

  Loaded loaded;
  TestPackage package;
  std::shared_ptr<Engine> model;
};

GenerationRequest drafting(std::uint64_t seed, double temperature) {
  GenerationRequest request = greedy(random_tokens(20 + 30 * seed, seed), 60);
  request.sampling.temperature = temperature;
  request.sampling.seed = seed;
  request.sampling.repetition_guard = false;
  request.speculate = true;
  return request;
}

GenerationRequest plain(GenerationRequest request) {
  request.speculate = false;
  return request;
}

/// Counts of six requests, whose tokens are those of plain decoding.
GenerationStats counts_with(const RandomModel& draft, const EngineOptions& options = {}) {
  Loaded alone;
  Drafted drafted(draft, options);
  GenerationStats sum;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const GenerationRequest request = drafting(seed, seed % 2 == 0 ? 0.0 : 0.7);
    const Answer answer = run(drafted.engine(), request);
    EXPECT_EQ(answer.tokens, run(*alone.engine, plain(request)).tokens) << "seed " << seed;
    const GenerationStats& stats = answer.last.stats;
    sum.drafted_tokens += stats.drafted_tokens;
    sum.accepted_drafts += stats.accepted_drafts;
    sum.guessed_tokens += stats.guessed_tokens;
    EXPECT_EQ(drafted.busy_draft_slots(), 0U);
  }
  return sum;
}

TEST(EngineDraft, AnswersAreThoseOfPlainDecoding) {
  const GenerationStats of_right = counts_with(right());
  EXPECT_GT(of_right.accepted_drafts, 50U);
  const GenerationStats of_often = counts_with(often_right());
  EXPECT_GT(of_often.accepted_drafts, 0U);
  EXPECT_GT(of_often.drafted_tokens, of_often.accepted_drafts);
  EXPECT_LT(of_often.accepted_drafts, of_right.accepted_drafts);
  const GenerationStats of_wrong = counts_with(wrong());
  EXPECT_GT(of_wrong.drafted_tokens, 0U);
  EXPECT_LT(of_wrong.accepted_drafts, of_often.accepted_drafts);
}

TEST(EngineDraft, AnswersAreTheSameWithWorkGivenAtOnce) {
  EXPECT_GT(counts_with(right(), {.asynchronous = true}).accepted_drafts, 50U);
}

TEST(EngineDraft, AGreedyCopyOfTheModelIsAlwaysRight) {
  Drafted drafted(right());
  const Answer answer = run(drafted.engine(), drafting(3, 0));
  EXPECT_GT(answer.last.stats.drafted_tokens, 20U);
  EXPECT_EQ(answer.last.stats.accepted_drafts, answer.last.stats.drafted_tokens);
}

TEST(EngineDraft, NoTokensAreDraftedWhenTheRequestSaysSo) {
  Drafted drafted(right());
  GenerationRequest request = drafting(2, 0.7);
  EXPECT_GT(run(drafted.engine(), request).last.stats.drafted_tokens, 0U);
  request.longest_draft = 0;
  const std::uint64_t before = drafted.loaded.card.own_counter("/executions/by_model/right_post.axmodel/0");
  EXPECT_EQ(run(drafted.engine(), request).last.stats.drafted_tokens, 0U);
  EXPECT_EQ(drafted.loaded.card.own_counter("/executions/by_model/right_post.axmodel/0"), before);
}

TEST(EngineDraft, GuessesFromTheTextAreNotCountedAsTheDraftModels) {
  std::vector<TokenId> part = random_tokens(9, 5);
  GenerationRequest request = drafting(1, 0);
  request.prompt.clear();
  for (int i = 0; i < 4; ++i) {
    request.prompt.insert(request.prompt.end(), part.begin(), part.end());
  }
  request.max_tokens = 120;
  Loaded alone;
  make_guesses_cheap(*alone.engine, 1000);
  const GenerationStats without = run(*alone.engine, request).last.stats;
  EXPECT_GT(without.guessed_tokens, 0U);
  EXPECT_EQ(without.drafted_tokens, 0U);
  EXPECT_EQ(without.accepted_drafts, 0U);
  Drafted drafted(wrong());
  const GenerationStats with = run(drafted.engine(), request).last.stats;
  EXPECT_GT(with.guessed_tokens, 0U);
  EXPECT_LT(with.accepted_drafts, with.accepted_tokens);
}

TEST(EngineDraft, ItsSlotIsFreeWhenTheAnswerEndsHoweverItEnds) {
  Drafted drafted(right(), {.kv_slots = 2});
  const auto ask = [&](std::uint64_t seed) {
    auto generation = drafted.engine().start(drafting(seed, 0));
    while (drafted.busy_draft_slots() == 0) {
      EXPECT_FALSE(generation->step().done);
    }
    return generation;
  };
  ask(1)->cancel();
  EXPECT_EQ(drafted.busy_draft_slots(), 0U);
  ask(2).reset();
  EXPECT_EQ(drafted.busy_draft_slots(), 0U);
  const auto suspended = ask(3);
  suspended->suspend();
  EXPECT_EQ(drafted.busy_draft_slots(), 0U);
  drafted.engine().resume(*suspended);
  Answer answer;
  while (answer.step(*suspended)) {
  }
  EXPECT_EQ(drafted.busy_draft_slots(), 0U);
}

TEST(EngineDraft, SeveralRequestsAtOnceGiveWhatEachGivesAlone) {
  Loaded alone;
  for (const bool asynchronous : {false, true}) {
    Drafted drafted(often_right(), {.kv_slots = 3, .asynchronous = asynchronous});
    std::vector<std::unique_ptr<Engine::Generation>> generations;
    std::vector<Answer> answers(3);
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      generations.push_back(drafted.engine().start(drafting(seed, 0.5)));
    }
    for (std::size_t running = 3; running > 0;) {
      for (std::size_t i = 0; i < 3; ++i) {
        if (generations[i] && !answers[i].step(*generations[i])) {
          generations[i].reset();
          --running;
        }
      }
    }
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      EXPECT_EQ(answers[seed - 1].tokens, run(*alone.engine, plain(drafting(seed, 0.5))).tokens);
      EXPECT_GT(answers[seed - 1].last.stats.drafted_tokens, 0U);
    }
  }
}

/// What the card has executed of both models' first layers, through which every engine call runs.
struct Executions {
  std::uint64_t steps = 0;  // of a token
  std::uint64_t chunks = 0;
  std::uint64_t draft_steps = 0;
  std::uint64_t draft_chunks = 0;

  Executions operator-(const Executions& before) const {
    return {steps - before.steps, chunks - before.chunks, draft_steps - before.draft_steps,
            draft_chunks - before.draft_chunks};
  }
};

Executions executions(const Drafted& drafted) {
  const auto all = nlohmann::json::parse(drafted.loaded.card.runtime()->software_card_counters());
  const auto count = [&](const TestPackage& package, std::uint64_t& steps, std::uint64_t& chunks) {
    const std::string layer = package.model().layer_file(package.folder(), 0).filename();
    const auto groups = all.at("executions").at("by_model").value(layer, nlohmann::json::object());
    for (const auto& [group, times] : groups.items()) {
      (group == "0" ? steps : chunks) += times.get<std::uint64_t>();
    }
  };
  Executions done;
  count(drafted.loaded.package, done.steps, done.chunks);
  count(drafted.package, done.draft_steps, done.draft_chunks);
  return done;
}

TEST(EngineDraft, OthersTakeTheirTurnsBetweenTheCallsOfADraftModel) {
  Loaded alone;
  for (const bool asynchronous : {false, true}) {
    Drafted drafted(right(), {.kv_slots = 2, .asynchronous = asynchronous});
    // A chunk that verifies costs as much as three tokens of the draft model.
    PrefillCosts costs = PrefillCosts::guess(EngineInspection(drafted.engine()).prefill_groups().size());
    costs.decode_step = 1000;
    std::fill(costs.chunk.begin(), costs.chunk.end(), 3);
    EngineInspection(drafted.engine()).costs().fix(costs);
    GenerationRequest request = drafting(1, 0);
    request.prompt = random_tokens(180, 9);
    const GenerationRequest other = plain(drafting(1, 0));
    const auto guessing = drafted.engine().start(request);
    auto running = drafted.engine().start(other);
    Answer guessed;
    Answer decoded;
    Executions most;
    std::size_t verified = 0;
    std::size_t tokens = 0;
    while (!guessed.last.done) {
      const Executions before = executions(drafted);
      guessed.step(*guessing);
      const Executions done = executions(drafted) - before;
      // A token, a chunk, a chunk of the draft model, or a few of its tokens.
      EXPECT_EQ((done.steps > 0) + (done.chunks > 0) + (done.draft_steps > 0) + (done.draft_chunks > 0), 1);
      EXPECT_LE(done.steps, 1U);
      EXPECT_LE(done.chunks, 1U);
      EXPECT_LE(done.draft_chunks, 1U);
      EXPECT_LE(done.draft_steps, 3U);
      most.draft_steps = std::max(most.draft_steps, done.draft_steps);
      most.draft_chunks += done.draft_chunks;
      verified += guessed.last.tokens.size() > 1 ? 1U : 0U;
      if (!decoded.last.done) {
        const std::size_t had = decoded.tokens.size();
        decoded.step(*running);
        tokens += had > 0 && decoded.tokens.size() == had + 1 ? 1U : 0U;
      }
    }
    EXPECT_GE(most.draft_steps, 2U);
    EXPECT_GE(most.draft_chunks, 2U);  // 64 tokens of the prompt in each
    EXPECT_GT(verified, 0U);
    EXPECT_GT(tokens, 10U);  // of the other answer, one a turn
    EXPECT_EQ(guessed.tokens, run(*alone.engine, plain(request)).tokens);
    while (!decoded.last.done) {
      decoded.step(*running);
    }
    EXPECT_EQ(decoded.tokens, run(*alone.engine, other).tokens);
  }
}

TEST(EngineDraft, FewerSlotsThanAnswersCostSpeedOnly) {
  Loaded alone;
  Loaded loaded(RandomModel{}, {.kv_slots = 2});
  const TestPackage package(right());
  const std::shared_ptr<Engine> draft = Engine::load(loaded.card.card(), package.open(), {}, {.kv_slots = 1});
  make_guesses_cheap(*loaded.engine, 1000);
  make_guesses_cheap(*draft, 1);
  loaded.engine->set_draft(draft);
  std::vector<Answer> answers(2);
  const auto one = loaded.engine->start(drafting(1, 0));
  const auto other = loaded.engine->start(drafting(2, 0));
  for (bool running = true; running;) {
    running = !answers[0].last.done && answers[0].step(*one);
    running = (!answers[1].last.done && answers[1].step(*other)) || running;
  }
  EXPECT_EQ(answers[0].tokens, run(*alone.engine, plain(drafting(1, 0))).tokens);
  EXPECT_EQ(answers[1].tokens, run(*alone.engine, plain(drafting(2, 0))).tokens);
  EXPECT_GT(answers[0].last.stats.accepted_drafts, 0U);
  EXPECT_EQ(answers[1].last.stats.drafted_tokens, 0U);
}

TEST(EngineDraft, StopsWhereTheDraftModelsContextEnds) {
  RandomModel small = right();
  small.context = 128;
  small.histories = {0, 64};
  Loaded alone;
  Drafted drafted(small);
  GenerationRequest request = drafting(1, 0.9);  // hot enough not to repeat itself
  request.max_tokens = 180;
  const Answer answer = run(drafted.engine(), request);
  EXPECT_EQ(answer.tokens, run(*alone.engine, plain(request)).tokens);
  EXPECT_GT(answer.last.stats.drafted_tokens, 0U);
  request.prompt = random_tokens(140, 1);
  const Answer beyond = run(drafted.engine(), request);
  EXPECT_EQ(beyond.tokens, run(*alone.engine, plain(request)).tokens);
  EXPECT_EQ(beyond.last.stats.drafted_tokens, 0U);
}

TEST(EngineDraft, OneThatComputesGarbageIsNotListenedTo) {
  Loaded alone;
  Drafted drafted(right());
  const testing::SoftcardSettings faults(R"({"faults":"corrupt:model=right_post*,corruption=nan"})");
  const GenerationRequest request = drafting(2, 0);
  const Answer answer = run(drafted.engine(), request);
  EXPECT_EQ(answer.tokens, run(*alone.engine, plain(request)).tokens);
  EXPECT_EQ(answer.last.stats.drafted_tokens, 0U);
  EXPECT_EQ(drafted.busy_draft_slots(), 0U);
}

TEST(EngineDraft, AnswersGoOnAfterACallOfTheDraftModelHasFailed) {
  Loaded alone;
  Drafted drafted(right());
  const GenerationRequest request = drafting(3, 0.7);
  const testing::SoftcardSettings faults(R"({"faults":"execute_error:model=right_p*,at=20"})");
  const auto generation = drafted.engine().start(request);
  Answer answer;
  std::size_t failures = 0;
  for (bool running = true; running;) {
    try {
      running = answer.step(*generation);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDevice);
      EXPECT_EQ(drafted.busy_draft_slots(), 0U);
      ++failures;
      drafted.engine().resume(*generation);
    }
  }
  EXPECT_EQ(failures, 1U);
  EXPECT_EQ(answer.tokens, run(*alone.engine, plain(request)).tokens);
  EXPECT_GT(answer.last.stats.drafted_tokens, 0U);
}

TEST(EngineDraft, TokensBeyondItsEmbeddingTableEndItsGuesses) {
  RandomModel narrow = right();
  narrow.vocabulary = 300;
  Loaded alone;
  Drafted drafted(narrow);
  GenerationRequest request = drafting(1, 0);
  request.prompt.push_back(310);  // padding, which has a row in the model's own table
  const Answer answer = run(drafted.engine(), request);
  EXPECT_EQ(answer.tokens, run(*alone.engine, plain(request)).tokens);
  EXPECT_EQ(answer.last.stats.drafted_tokens, 0U);
}

TEST(EngineDraft, ItsMemoryCountsAndIsGivenBack) {
  Loaded loaded;
  const std::uint64_t without = loaded.engine->card_bytes();
  const auto free_bytes = [&] { return loaded.card.card().properties().value().cmm_free_bytes; };
  const std::uint64_t before = free_bytes();
  const TestPackage package(wrong());
  std::shared_ptr<Engine> draft = Engine::load(loaded.card.card(), package.open());
  const std::uint64_t own = draft->card_bytes();
  loaded.engine->set_draft(std::move(draft));
  EXPECT_EQ(loaded.engine->card_bytes(), without + own);
  const auto running = loaded.engine->start(drafting(1, 0));
  try {
    loaded.engine->set_draft(nullptr);
    FAIL() << "it may be guessing";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInternal);
  }
  running->cancel();
  loaded.engine->set_draft(nullptr);
  EXPECT_EQ(loaded.engine->card_bytes(), without);
  EXPECT_EQ(free_bytes(), before);
}

TEST(EngineDraft, AnotherVocabularyIsRefused) {
  Loaded loaded;
  const TestPackage package(wrong());
  std::string text = testing::random_package_internal::tokenizer_json();
  text.replace(text.find("<think>"), 7, "<guess>");
  std::ofstream(package.folder() / "tokenizer.json", std::ios::binary) << text;
  const std::shared_ptr<Engine> draft = Engine::load(loaded.card.card(), package.open());
  try {
    loaded.engine->set_draft(draft);
    FAIL() << "the vocabularies differ";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.message(), HasSubstr(package.folder().filename().string()));
    EXPECT_THAT(error.message(), HasSubstr("Token 258 is \"<guess>\""));
  }
  EXPECT_EQ(run(*loaded.engine, drafting(1, 0)).last.stats.drafted_tokens, 0U);
}

}  // namespace
}  // namespace axllama::inference
