// Guesses on the card: chunks verified row by row give the answers that decoding gives.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "inference/engine_inspection.h"
#include "inference/testing/loaded_engine.h"

namespace axllama::inference {
namespace {

using testing::RandomModel;
using text::TokenId;

/// Chunks that cost next to nothing: every guess is tried.
void make_chunks_cheap(Engine& engine) {
  EngineInspection inspection(engine);
  PrefillCosts costs = PrefillCosts::guess(inspection.prefill_groups().size());
  costs.decode_step = 1000;
  inspection.costs().fix(costs);
}

/// A prompt that repeats itself, as code to be edited does.
std::vector<TokenId> repeating_prompt(std::uint64_t seed) {
  const std::vector<TokenId> part = random_tokens(9, seed);
  std::vector<TokenId> prompt;
  for (int i = 0; i < 4; ++i) {
    prompt.insert(prompt.end(), part.begin(), part.end());
  }
  return prompt;
}

GenerationRequest guessing(std::uint64_t seed, double temperature) {
  GenerationRequest request = greedy(repeating_prompt(seed), 120);
  request.sampling.temperature = temperature;
  request.sampling.seed = seed;
  request.speculate = true;
  return request;
}

TEST(EngineSpeculation, AnswersAreThoseOfPlainDecoding) {
  Loaded plain;
  Loaded loaded;
  make_chunks_cheap(*loaded.engine);
  std::size_t accepted = 0;
  std::size_t guessed = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    GenerationRequest request = guessing(seed, seed % 2 == 0 ? 0.0 : 0.7);
    const Answer answer = run(*loaded.engine, request);
    accepted += answer.last.stats.accepted_tokens;
    guessed += answer.last.stats.guessed_tokens;
    request.speculate = false;
    EXPECT_EQ(answer.tokens, run(*plain.engine, request).tokens) << "seed " << seed;
    const EngineInspection inspection(*loaded.engine);
    const EngineInspection expected(*plain.engine);
    ASSERT_EQ(inspection.cache().tokens(), expected.cache().tokens());
    const std::size_t size = inspection.cache().size();
    for (std::size_t layer = 0; layer < loaded.package.model().layers; ++layer) {
      EXPECT_EQ(inspection.keys(loaded.card.card(), layer, 0, size),
                expected.keys(plain.card.card(), layer, 0, size));
      EXPECT_EQ(inspection.values(loaded.card.card(), layer, 0, size),
                expected.values(plain.card.card(), layer, 0, size));
    }
  }
  EXPECT_GT(accepted, 50U);
  EXPECT_GT(guessed, accepted);
}

/// Answers of requests 1 to 3, in turns that overlap as in the server: guesses among plain steps.
std::vector<Answer> answers_at_once(Engine& engine) {
  std::vector<std::unique_ptr<Engine::Generation>> generations;
  std::vector<Answer> answers(3);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    generations.push_back(engine.start(guessing(seed, 0.8)));
  }
  generations[0]->begin_step();
  for (std::size_t turn = 0, running = 3; running > 0;) {
    generations[turn]->await_step();
    std::size_t next = (turn + 1) % 3;
    while (next != turn && !generations[next]) {
      next = (next + 1) % 3;
    }
    if (next != turn) {
      generations[next]->begin_step();
    }
    if (!answers[turn].finish(*generations[turn])) {
      generations[turn].reset();
      --running;
    } else if (next == turn) {
      generations[turn]->begin_step();
    }
    turn = next;
  }
  return answers;
}

TEST(EngineSpeculation, SeveralRequestsAtOnceGiveWhatEachGivesAlone) {
  Loaded plain;
  for (const bool asynchronous : {false, true}) {
    Loaded loaded(RandomModel{}, {.kv_slots = 3, .asynchronous = asynchronous});
    make_chunks_cheap(*loaded.engine);
    const std::vector<Answer> answers = answers_at_once(*loaded.engine);
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      GenerationRequest request = guessing(seed, 0.8);
      request.speculate = false;
      EXPECT_EQ(answers[seed - 1].tokens, run(*plain.engine, request).tokens) << "seed " << seed;
      EXPECT_GT(answers[seed - 1].last.stats.guessed_tokens, 0U);
    }
  }
}

TEST(EngineSpeculation, GoesOnToTheEndOfTheContext) {
  Loaded plain;
  Loaded loaded;
  make_chunks_cheap(*loaded.engine);
  GenerationRequest request = guessing(4, 0);
  request.max_tokens = -1;
  const Answer answer = run(*loaded.engine, request);
  EXPECT_GT(answer.last.stats.accepted_tokens, 0U);
  request.speculate = false;
  EXPECT_EQ(answer.tokens, run(*plain.engine, request).tokens);
}

TEST(EngineSpeculation, CanBeTurnedOff) {
  EngineOptions options;
  options.speculation = false;
  Loaded loaded(RandomModel{}, options);
  make_chunks_cheap(*loaded.engine);
  EXPECT_EQ(run(*loaded.engine, guessing(1, 0)).last.stats.guessed_tokens, 0U);
}

}  // namespace
}  // namespace axllama::inference
