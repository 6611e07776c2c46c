// Guessing tokens and verifying them in chunks changes how long an answer takes, and nothing else.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "inference/generation_loop.h"
#include "inference/random.h"
#include "inference/testing/simulated_answer.h"
#include "tests/support/random_package.h"

namespace axllama::inference {
namespace {

using testing::kRandomEnd;
using text::TokenId;

constexpr std::size_t kVocabulary = 260;
constexpr std::size_t kContext = 700;
/// So dear is a decode step that the simulation's chunks are cheap: every guess is tried.
constexpr SpeculationCosts kCheapChunks{1000, 1};

/// Depends on the last two tokens, in eight letters: repeats itself, but not always the same way.
std::vector<float> babble(std::span<const TokenId> sequence) {
  std::uint64_t seed = 77;
  for (const TokenId token : sequence.last(std::min<std::size_t>(sequence.size(), 2))) {
    seed = seed * 1000 + static_cast<std::uint64_t>(token);
  }
  Random random(seed);
  std::vector<float> row(kVocabulary, -30.0F);
  for (std::size_t letter = 'a'; letter <= 'h'; ++letter) {
    row[letter] = static_cast<float>(4 * random.uniform());
  }
  row[kRandomEnd] = -4.0F;
  return row;
}

GenerationRequest request_of(double temperature, std::uint64_t seed) {
  GenerationRequest request;
  request.prompt = bytes_of("abcdefgh, please");
  request.sampling.temperature = temperature;
  request.sampling.seed = seed;
  request.sampling.repetition_guard = false;
  request.max_tokens = 300;
  return request;
}

using Answer = SimulatedAnswer;

Answer run(SimulatedModel& model, const GenerationRequest& request) {
  return answer_of(model, request, kContext);
}

/// Runs a request without and with guesses, expects the same of both and returns the second.
Answer run_both(const GenerationRequest& request, std::size_t rows = 64) {
  SimulatedModel plain(babble);
  SimulatedModel guessing(babble);
  guessing.allow_guesses(rows, kCheapChunks);
  const Answer expected = run(plain, request);
  Answer answer = run(guessing, request);
  EXPECT_EQ(answer.tokens, expected.tokens);
  EXPECT_EQ(answer.text, expected.text);
  EXPECT_EQ(answer.last.reason, expected.last.reason);
  EXPECT_EQ(answer.last.stats.generated_tokens, expected.last.stats.generated_tokens);
  EXPECT_EQ(guessing.evaluated(), plain.evaluated());
  EXPECT_EQ(guessing.heads(), plain.heads());  // one head a token, guessed or not
  EXPECT_EQ(guessing.decodes() + guessing.chunks() + answer.last.stats.accepted_tokens, plain.decodes());
  return answer;
}

TEST(GenerationSpeculation, GreedyTokensAreTheSameInFewerSteps) {
  const Answer answer = run_both(request_of(0, 1));
  EXPECT_GT(answer.last.stats.accepted_tokens, 200U);
  EXPECT_LE(answer.last.stats.accepted_tokens, answer.last.stats.guessed_tokens);
}

TEST(GenerationSpeculation, SampledTokensAreTheSameForASeed) {
  std::size_t accepted = 0;
  std::size_t guessed = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    GenerationRequest request = request_of(seed % 2 == 0 ? 0.6 : 1.0, seed);
    request.sampling.repeat_penalty = seed % 3 == 0 ? 1.2 : 1.0;
    request.sampling.top_k = seed % 5 == 0 ? 0 : 40;
    const Answer answer = run_both(request, 8 + seed);
    accepted += answer.last.stats.accepted_tokens;
    guessed += answer.last.stats.guessed_tokens;
  }
  EXPECT_GT(accepted, 500U);         // the test says something: some guesses come true
  EXPECT_GT(guessed, 2 * accepted);  // and some do not
}

TEST(GenerationSpeculation, EndsWhereItWouldHaveEndedWithin) {
  for (int most = 1; most < 60; ++most) {
    GenerationRequest request = request_of(0, 1);
    request.max_tokens = most;
    run_both(request);
  }
  GenerationRequest stopping = request_of(0, 1);
  const std::string whole = run_both(stopping).text;
  stopping.stop = {whole.substr(37, 3)};
  run_both(stopping);
  GenerationRequest telling = request_of(1, 5);
  telling.top_logprobs = 3;
  const Answer told = run_both(telling);
  const std::size_t ends = told.last.reason == FinishReason::kStop ? 1 : 0;  // tokens without a probability
  EXPECT_EQ(told.logprobs.size() + ends, told.tokens.size());
}

TEST(GenerationSpeculation, ContextShiftsHappenWhereTheyWould) {
  for (const std::size_t limit : {60U, 61U, 75U}) {
    GenerationRequest request = request_of(0.5, 9);
    request.context_limit = limit;
    request.context_shift = true;
    run_both(request);
  }
}

TEST(GenerationSpeculation, KeepsTheDistribution) {
  // The same row after every token, and a guess before every token: each token must be drawn from the row.
  const std::vector<float> logits = {2.0F, 1.5F, 1.0F, 0.5F, 0.0F};
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp(static_cast<double>(logit));
  }
  SimulatedModel model([&](std::span<const TokenId>) {
    std::vector<float> row(kVocabulary, -100.0F);
    std::copy(logits.begin(), logits.end(), row.begin() + 'a');
    return row;
  });
  model.allow_guesses(16, kCheapChunks);
  std::vector<double> counts(logits.size());
  double total = 0;
  std::size_t guessed = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    GenerationRequest request = request_of(1, seed);
    request.sampling.top_k = 0;
    request.sampling.top_p = 1;
    request.max_tokens = 600;
    const Answer answer = run(model, request);
    for (const TokenId token : answer.tokens) {
      counts[static_cast<std::size_t>(token - 'a')] += 1;
      total += 1;
    }
    guessed += answer.last.stats.guessed_tokens;
  }
  double chi_squared = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double mean = total * std::exp(static_cast<double>(logits[i])) / sum;
    chi_squared += (counts[i] - mean) * (counts[i] - mean) / mean;
  }
  EXPECT_LT(chi_squared, 18.5);  // 4 degrees of freedom: p < 0.001
  EXPECT_GT(static_cast<double>(guessed), total / 2);
}

TEST(GenerationSpeculation, IsOffWhenARequestOrTheCostsSaySo) {
  SimulatedModel model(babble);
  model.allow_guesses(64, kCheapChunks);
  GenerationRequest request = request_of(0, 1);
  request.speculate = false;
  EXPECT_EQ(run(model, request).last.stats.guessed_tokens, 0U);
  SimulatedModel dear(babble);
  dear.allow_guesses(64, {0.001, 1000});
  EXPECT_EQ(run(dear, request_of(0, 1)).last.stats.guessed_tokens, 0U);
  EXPECT_EQ(dear.chunks(), 0U);
}

}  // namespace
}  // namespace axllama::inference
