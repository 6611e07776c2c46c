// A second model that guesses changes how long an answer takes, and nothing else.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bfloat16.h"
#include "inference/generation_loop.h"
#include "inference/random.h"
#include "inference/testing/simulated_model.h"
#include "tests/support/random_package.h"

namespace axllama::inference {
namespace {

using testing::kRandomEnd;
using text::TokenId;
using Tokens = std::vector<TokenId>;

constexpr std::size_t kVocabulary = 260;
constexpr std::size_t kContext = 700;
/// So dear is a decode step that every guess is tried. How long it is depends on what the simulation takes,
/// one token at least.
constexpr SpeculationCosts kCheapChunks{1000, 1};
constexpr DraftCosts kCheapDrafts{0, 1};
constexpr std::size_t kRows = 64;
constexpr TokenId kWrong = 200;  // never said

/// Any of 94 letters, depending on the last twelve: text that does not repeat itself.
std::vector<float> murmur(std::span<const TokenId> sequence) {
  std::uint64_t seed = 99;
  for (const TokenId token : sequence.last(std::min<std::size_t>(sequence.size(), 12))) {
    seed = seed * 6364136223846793005U + static_cast<std::uint64_t>(token) + 1;
  }
  Random random(seed);
  std::vector<float> row(kVocabulary, -30.0F);
  for (std::size_t letter = '!'; letter <= '~'; ++letter) {
    row[letter] = base::bf16_to_f32(base::f32_to_bf16(static_cast<float>(6 * random.uniform())));
  }
  row[kRandomEnd] = -8.0F;
  return row;
}

TokenId right(std::span<const TokenId> sequence) {
  const std::vector<float> row = murmur(sequence);
  return static_cast<TokenId>(std::max_element(row.begin(), row.end()) - row.begin());
}
TokenId wrong(std::span<const TokenId> /*sequence*/) {
  return kWrong;
}
TokenId half_right(std::span<const TokenId> sequence) {
  return sequence.size() % 5 < 3 ? right(sequence) : kWrong;
}

GenerationRequest request_of(double temperature, std::uint64_t seed) {
  GenerationRequest request;
  request.prompt = bytes_of("The quick brown fox jumps over it");
  request.sampling.temperature = temperature;
  request.sampling.seed = seed;
  request.max_tokens = 300;
  return request;
}

struct Answer {
  std::string text;
  Tokens tokens;
  TokenEvent last;
};

Answer run(SimulatedModel& model, const GenerationRequest& request) {
  GenerationLoop loop(model.sequence(), request, byte_tokenizer(), kContext);
  Answer answer;
  while (!answer.last.done) {
    answer.last = loop.step();
    answer.text += answer.last.text;
    answer.tokens.insert(answer.tokens.end(), answer.last.tokens.begin(), answer.last.tokens.end());
  }
  return answer;
}

/// Runs a request without and with a draft model, expects the same of both and returns the second.
Answer run_both(const GenerationRequest& request, const SimulatedModel::DraftToken& draft,
                std::size_t draft_context = kContext) {
  SimulatedModel plain(murmur);
  SimulatedModel guessing(murmur);
  guessing.allow_guesses(kRows, kCheapChunks);
  guessing.allow_drafts(draft, kCheapDrafts, draft_context);
  const Answer expected = run(plain, request);
  Answer answer = run(guessing, request);
  EXPECT_EQ(answer.tokens, expected.tokens);
  EXPECT_EQ(answer.text, expected.text);
  EXPECT_EQ(answer.last.reason, expected.last.reason);
  EXPECT_EQ(guessing.evaluated(), plain.evaluated());
  EXPECT_EQ(guessing.heads(), plain.heads());
  const GenerationStats& stats = answer.last.stats;
  EXPECT_EQ(guessing.decodes() + guessing.chunks() + stats.accepted_tokens + stats.accepted_drafts,
            plain.decodes());
  EXPECT_EQ(stats.drafted_tokens, guessing.drafted());
  EXPECT_LE(stats.accepted_drafts, stats.drafted_tokens);
  return answer;
}

TEST(GenerationDraft, ARightDraftModelSavesMostSteps) {
  const Answer answer = run_both(request_of(0, 1), right);
  EXPECT_GT(answer.last.stats.accepted_drafts, 100U);
  EXPECT_EQ(answer.last.stats.accepted_drafts, answer.last.stats.drafted_tokens);
  EXPECT_EQ(answer.last.stats.guessed_tokens, 0U);  // nothing was said before
}

TEST(GenerationDraft, AWrongOneChangesNothing) {
  const Answer answer = run_both(request_of(0, 1), wrong);
  EXPECT_GT(answer.last.stats.drafted_tokens, 0U);
  EXPECT_EQ(answer.last.stats.accepted_drafts, 0U);
}

TEST(GenerationDraft, OneThatIsRightNowAndThenCountsWhatCameTrue) {
  const Answer answer = run_both(request_of(0, 1), half_right);
  EXPECT_GT(answer.last.stats.accepted_drafts, 50U);
  EXPECT_GT(answer.last.stats.drafted_tokens, answer.last.stats.accepted_drafts);
}

TEST(GenerationDraft, SampledTokensAreTheSameForASeed) {
  std::size_t accepted = 0;
  std::size_t drafted = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    GenerationRequest request = request_of(seed % 2 == 0 ? 0.6 : 1.0, seed);
    request.sampling.repeat_penalty = seed % 3 == 0 ? 1.2 : 1.0;
    request.longest_draft = 1 + seed;
    const Answer answer = run_both(request, seed % 4 == 0 ? half_right : right);
    accepted += answer.last.stats.accepted_drafts;
    drafted += answer.last.stats.drafted_tokens;
  }
  EXPECT_GT(accepted, 300U);
  EXPECT_GT(drafted, accepted + 300U);
}

TEST(GenerationDraft, EndsWhereItWouldHaveEndedWithin) {
  for (int most = 1; most < 40; ++most) {
    GenerationRequest request = request_of(0, 1);
    request.max_tokens = most;
    run_both(request, right);
  }
  GenerationRequest stopping = request_of(0, 1);
  const std::string whole = run_both(stopping, right).text;
  stopping.stop = {whole.substr(37, 3)};
  run_both(stopping, right);
}

TEST(GenerationDraft, ContextShiftsHappenWhereTheyWould) {
  for (const std::size_t limit : {60U, 61U, 75U}) {
    GenerationRequest request = request_of(0.5, 9);
    request.context_limit = limit;
    request.context_shift = true;
    run_both(request, half_right);
  }
}

TEST(GenerationDraft, NoTokensAreDraftedWhenTheRequestSaysSo) {
  GenerationRequest request = request_of(0, 1);
  request.longest_draft = 0;
  EXPECT_EQ(run_both(request, right).last.stats.drafted_tokens, 0U);
  request.longest_draft = 5;
  request.speculate = false;
  SimulatedModel model(murmur);
  model.allow_guesses(kRows, kCheapChunks);
  model.allow_drafts(right, kCheapDrafts, kContext);
  run(model, request);
  EXPECT_EQ(model.drafted(), 0U);
}

TEST(GenerationDraft, NoMoreTokensAreDraftedAtOnceThanTheRequestSays) {
  GenerationRequest request = request_of(0, 1);
  request.longest_draft = 3;
  SimulatedModel model(murmur);
  model.allow_guesses(kRows, kCheapChunks);
  model.allow_drafts(right, kCheapDrafts, kContext);
  const Answer answer = run(model, request);
  EXPECT_GT(model.drafted(), 100U);
  EXPECT_LE(model.drafted(), 3 * model.chunks());
}

TEST(GenerationDraft, GuessesFromTheTextComeFirstAndAreCountedApart) {
  // Two letters in turn: what was said before tells all.
  const auto in_turn = [](std::span<const TokenId> sequence) {
    std::vector<float> row(kVocabulary, -30.0F);
    row[sequence.back() == 'a' ? 'b' : 'a'] = 5.0F;
    return row;
  };
  SimulatedModel model(in_turn);
  model.allow_guesses(kRows, kCheapChunks);
  model.allow_drafts(wrong, kCheapDrafts, kContext);
  GenerationRequest request = request_of(0, 1);
  request.prompt = bytes_of("abababab");
  request.sampling.repetition_guard = false;
  const Answer answer = run(model, request);
  EXPECT_GT(answer.last.stats.accepted_tokens, 200U);
  EXPECT_EQ(answer.last.stats.drafted_tokens, 0U);
  EXPECT_EQ(model.drafted(), 0U);
}

TEST(GenerationDraft, StopsWhereTheDraftModelsContextEnds) {
  const Answer answer = run_both(request_of(0, 1), right, 100);
  EXPECT_GT(answer.last.stats.accepted_drafts, 20U);
  EXPECT_LE(answer.last.stats.accepted_drafts, 100U);
}

TEST(GenerationDraft, ReadsALongPromptWhileTokensAreDecoded) {
  GenerationRequest request = request_of(0, 3);
  request.prompt = bytes_of(std::string(300, '.'));
  request.max_tokens = 100;
  SimulatedModel model(murmur);
  model.allow_guesses(kRows, {1000, 900});  // dots are not worth a guess
  model.allow_drafts(right, kCheapDrafts, kContext);
  GenerationLoop loop(model.sequence(), request, byte_tokenizer(), kContext);
  TokenEvent last = loop.step();
  std::size_t without_a_token = 0;  // steps in a row
  while (!last.done) {
    last = loop.step();
    without_a_token = last.tokens.empty() ? without_a_token + 1 : 0;
    EXPECT_LE(without_a_token, 2U);
  }
  // Of 300 tokens 64 are read in a turn, and a token comes after two of them; the answer's last one may be
  // left over, too.
  EXPECT_GE(model.decodes(), 2U);
  EXPECT_LE(model.decodes(), 3U);
  EXPECT_GT(last.stats.accepted_drafts, 50U);
}

TEST(GenerationDraft, GoesOnAfterASuspension) {
  const GenerationRequest request = request_of(0.8, 4);
  SimulatedModel plain(murmur);
  const Answer expected = run(plain, request);
  SimulatedModel model(murmur);
  model.allow_guesses(kRows, kCheapChunks);
  model.allow_drafts(right, kCheapDrafts, kContext);
  GenerationLoop loop(model.sequence(), request, byte_tokenizer(), kContext);
  Answer answer;
  for (std::size_t step = 0; !answer.last.done; ++step) {
    if (step % 5 == 4) {
      loop.suspend();
      loop.resume(model.sequence());
    }
    answer.last = loop.step();
    answer.tokens.insert(answer.tokens.end(), answer.last.tokens.begin(), answer.last.tokens.end());
  }
  EXPECT_EQ(answer.tokens, expected.tokens);
  EXPECT_GT(answer.last.stats.accepted_drafts, 5U);
}

}  // namespace
}  // namespace axllama::inference
