// Heads that give the largest logits: what crosses the bus, and that the tokens are the same.

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "inference/logits_selection.h"
#include "inference/testing/loaded_engine.h"
#include "inference/testing/simulated_model.h"
#include "text/constraint/compile.h"

namespace axllama::inference {
namespace {

using ::testing::HasSubstr;
using testing::RandomModel;
using text::TokenId;

constexpr std::size_t kTop = 64;

RandomModel model(std::size_t top, bool all) {
  RandomModel model;
  model.vocabulary = 2000;
  model.top_logits = top;
  model.all_logits = all;
  return model;
}

GenerationRequest sampled(std::uint64_t seed) {
  GenerationRequest request = greedy(random_tokens(20, seed), 40);
  request.sampling.temperature = 1.3;
  request.sampling.seed = seed;
  return request;
}

/// Bytes down per decoded token.
std::uint64_t bytes_down(Loaded& loaded, const GenerationRequest& request) {
  const auto generation = loaded.engine->start(request);
  while (generation->step().tokens.empty()) {
  }
  const std::uint64_t before = loaded.card.card().counters().bytes_from_card;
  for (int i = 0; i < 8; ++i) {
    generation->step();
  }
  return (loaded.card.card().counters().bytes_from_card - before) / 8;
}

std::uint64_t calls_per_token(Loaded& loaded) {
  const auto generation = loaded.engine->start(greedy(random_tokens(20, 4), 20));
  while (generation->step().tokens.empty()) {
  }
  generation->step();
  const std::uint64_t before = loaded.card.card().counters().remote_calls;
  generation->step();
  return loaded.card.card().counters().remote_calls - before;
}

class TopLogits : public ::testing::Test {
 protected:
  Loaded all{model(0, true)};
  Loaded both{model(kTop, true)};
  Loaded top{model(kTop, false)};
};

TEST_F(TopLogits, GiveTheTokensThatAllLogitsGive) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    std::vector<GenerationRequest> requests = {greedy(random_tokens(20, seed), 40), sampled(seed),
                                               sampled(seed)};
    requests[2].sampling.repeat_penalty = 1.2;
    requests[2].sampling.repeat_last_n = 16;
    requests[2].sampling.presence_penalty = 0.3;
    for (const GenerationRequest& request : requests) {
      const Answer expected = run(*all.engine, request);
      EXPECT_EQ(run(*both.engine, request).tokens, expected.tokens);
      EXPECT_EQ(run(*top.engine, request).tokens, expected.tokens);
    }
  }
}

TEST_F(TopLogits, AreAllThatCrossesTheBus) {
  const GenerationRequest request = greedy(random_tokens(20, 4), 20);
  constexpr std::uint64_t kBytes = kTop * (4 + 2);
  EXPECT_EQ(bytes_down(all, request), 2 * 2000U);
  EXPECT_EQ(bytes_down(both, request), kBytes);
  EXPECT_EQ(bytes_down(top, request), kBytes);
  EXPECT_EQ(bytes_down(both, sampled(5)), kBytes);
  EXPECT_EQ(calls_per_token(both), calls_per_token(all));
  EXPECT_EQ(calls_per_token(top), calls_per_token(all));
}

TEST_F(TopLogits, AreNotUsedWhereTheyAreNotEnough) {
  std::vector<GenerationRequest> requests(5, sampled(7));
  requests[0].sampling.top_k = 0;
  requests[1].sampling.top_k = kTop + 1;
  requests[2].sampling.repeat_penalty = 0.8;
  requests[3].top_logprobs = 3;
  requests[4].sampling.repeat_penalty = 1.1;  // 40 candidates and 30 tokens that are penalised
  requests[4].prompt = random_tokens(60, 8);
  for (const GenerationRequest& request : requests) {
    EXPECT_EQ(bytes_down(both, request), 2 * 2000U);
    EXPECT_EQ(run(*both.engine, request).tokens, run(*all.engine, request).tokens);
  }
}

TEST_F(TopLogits, GuessesAreVerifiedWithThemToo) {
  std::vector<TokenId> prompt;
  for (int i = 0; i < 6; ++i) {
    const std::vector<TokenId> phrase = random_tokens(12, 3);
    prompt.insert(prompt.end(), phrase.begin(), phrase.end());
  }
  GenerationRequest request = greedy(prompt, 40);
  const Answer expected = run(*all.engine, request);
  request.speculate = true;
  EXPECT_EQ(run(*both.engine, request).tokens, expected.tokens);
  EXPECT_EQ(run(*top.engine, request).tokens, expected.tokens);
}

TEST_F(TopLogits, AloneCannotServeWhatNeedsAll) {
  const auto refusal = [&](const GenerationRequest& request) {
    try {
      top.engine->start(request);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
      return error.message();
    }
    return std::string();
  };
  GenerationRequest request = greedy(random_tokens(20, 4), 20);
  request.top_logprobs = 0;
  EXPECT_THAT(refusal(request), HasSubstr("logprobs cannot be had from random"));
  request.top_logprobs.reset();
  request.constraint = text::compile_choices({"yes", "no"}, byte_tokenizer());
  EXPECT_THAT(refusal(request), HasSubstr("64 largest only"));
  // More candidates than there are: those that there are.
  request = sampled(3);
  request.sampling.top_k = 1000;
  GenerationRequest clamped = request;
  clamped.sampling.top_k = kTop;
  EXPECT_EQ(run(*top.engine, request).tokens, run(*all.engine, clamped).tokens);
}

TEST_F(TopLogits, AreEvaluatedAsARowWithAFloor) {
  const std::vector<TokenId> prompt = random_tokens(5, 1);
  std::vector<std::vector<base::Bf16>> rows;
  const auto keep = [&](std::size_t, std::span<const base::Bf16> row) {
    rows.emplace_back(row.begin(), row.end());
  };
  all.engine->evaluate(prompt, keep);
  both.engine->evaluate(prompt, keep);
  top.engine->evaluate(prompt, keep);
  ASSERT_EQ(rows.size(), 15U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(rows[5 + i], rows[i]);
    ASSERT_EQ(rows[10 + i].size(), rows[i].size());
    std::vector<Candidate> expected;
    std::vector<Candidate> found;
    LogitsSelection().top(rows[i], kTop - 1, expected);
    LogitsSelection().top(rows[10 + i], kTop - 1, found);
    for (std::size_t place = 0; place + 1 < kTop; ++place) {
      EXPECT_EQ(found[place].logit, expected[place].logit);
    }
  }
}

}  // namespace
}  // namespace axllama::inference
