#include "inference/draft_policy.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <gtest/gtest.h>

#include "inference/random.h"

namespace axllama::inference {
namespace {

/// Layers of Qwen3-4B at 8 bits on a Pi 5: 36 x 6.0 ms and 36 x 11.1 ms; Qwen3-0.6B: 28 x 1.5 ms and the
/// head.
constexpr SpeculationCosts kCard{0.216, 0.400};
constexpr DraftCosts kDraft{0, 0.050};
constexpr std::size_t kLongest = 16;
constexpr std::size_t kRest = 1000;

/// The time of an answer of `tokens` tokens, in decode steps, when each guessed token comes true with the
/// probability `share`.
double steps(DraftPolicy& policy, std::size_t tokens, double share, const DraftCosts& draft = kDraft) {
  Random random(7);
  double seconds = 0;
  double missed = draft.catch_up;
  AnswerAccount answer;
  for (std::size_t token = 0; token < tokens;) {
    const std::size_t count = policy.length(kLongest, kRest, kCard, {missed, draft.token}, answer);
    if (count == 0) {
      policy.decoded(kCard);
      answer.decoded(kCard);
      seconds += kCard.decode;
      ++token;
      continue;
    }
    seconds += missed;
    policy.caught_up(missed);
    answer.add(-missed);
    missed = 0;
    std::size_t accepted = 0;
    while (accepted < count && random.uniform() < share) {
      ++accepted;
    }
    const double drafting = static_cast<double>(count) * draft.token;
    policy.tried({count, accepted, false, kCard.chunk, drafting}, kCard);
    answer.add(static_cast<double>(accepted + 1) * kCard.decode - kCard.chunk - drafting);
    seconds += kCard.chunk + drafting;
    token += accepted + 1;
  }
  return seconds / kCard.decode;
}

/// An answer that has paid in enough for anything.
AnswerAccount rich() {
  AnswerAccount answer;
  answer.add(1000);
  return answer;
}

TEST(DraftPolicy, IsNeverSlowerThanThreePercentWhenGuessesFail) {
  for (const double share : {0.0, 0.3, 0.5, 0.6}) {
    for (const double catch_up : {0.0, 0.3, 5.0}) {
      DraftPolicy policy;
      const DraftCosts costs{catch_up, kDraft.token};
      EXPECT_LE(steps(policy, 400, share, costs), 1.03 * 400) << share << " " << catch_up;
      EXPECT_LE(steps(policy, 5000, share, costs), 1.03 * 5000) << share << " " << catch_up;
    }
  }
}

TEST(DraftPolicy, IsFasterTheMoreTokensComeTrue) {
  double before = 2000;
  for (const double share : {0.8, 0.9, 1.0}) {
    DraftPolicy policy;
    const double now = steps(policy, 2000, share);
    EXPECT_LT(now, 0.9 * before) << share;
    before = now;
  }
  EXPECT_LT(before, 2000 / 2.8);
}

TEST(DraftPolicy, GuessesLongerWhileTokensComeTrue) {
  DraftPolicy policy;
  const std::size_t at_first = policy.length(kLongest, kRest, kCard, kDraft, rich());
  ASSERT_GT(at_first, 0U);
  EXPECT_LT(at_first, kLongest);
  steps(policy, 500, 1.0);
  EXPECT_EQ(policy.length(kLongest, kRest, kCard, kDraft, rich()), kLongest);
  EXPECT_EQ(policy.length(3, kRest, kCard, kDraft, rich()), 3U);
}

TEST(DraftPolicy, StopsWhenGuessesNoLongerPayAndStartsAgainWhenTheyDo) {
  DraftPolicy policy;
  steps(policy, 500, 0.9);
  EXPECT_TRUE(policy.on());
  EXPECT_LE(steps(policy, 2000, 0.0), 1.04 * 2000);
  EXPECT_FALSE(policy.on());
  EXPECT_LT(steps(policy, 5000, 0.9), 0.75 * 5000);
  EXPECT_TRUE(policy.on());
}

TEST(DraftPolicy, IsOffWhileCostsAreUnknownOrTooHigh) {
  DraftPolicy policy;
  const auto length = [&](std::size_t longest, std::size_t rest, const SpeculationCosts& costs,
                          const DraftCosts& draft) {
    return policy.length(longest, rest, costs, draft, rich());
  };
  EXPECT_EQ(length(kLongest, kRest, {}, kDraft), 0U);
  EXPECT_EQ(length(kLongest, kRest, kCard, {}), 0U);
  EXPECT_EQ(length(0, kRest, kCard, kDraft), 0U);
  EXPECT_EQ(length(kLongest, kRest, kCard, {0, 0.216}), 0U);   // as slow as the model itself
  EXPECT_EQ(length(kLongest, kRest, {0.216, 2}, kDraft), 0U);  // a chunk that costs nine steps
  EXPECT_EQ(length(kLongest, 8, kCard, {2, 0.05}), 0U);        // the answer ends too soon
  EXPECT_GT(length(kLongest, kRest, kCard, kDraft), 0U);
}

TEST(DraftPolicy, ReadsALongPromptOnlyWhenThatHasBeenSaved) {
  const DraftCosts behind{4.0, kDraft.token};  // nineteen decode steps
  DraftPolicy policy;
  EXPECT_EQ(policy.length(kLongest, kRest, kCard, behind, rich()), 0U);
  steps(policy, 500, 0.95);
  EXPECT_GT(policy.length(kLongest, kRest, kCard, behind, rich()), 0U);
}

TEST(DraftPolicy, GuessesNoMoreThanTheAnswerHasPaidFor) {
  DraftPolicy policy;
  AnswerAccount answer;
  std::size_t length = 0;
  std::size_t lengths = 0;
  for (std::size_t token = 0; token < 200; ++token) {
    const std::size_t now = policy.length(kLongest, kRest, kCard, kDraft, answer);
    EXPECT_GE(now, length);
    EXPECT_TRUE(answer.covers(now == 0 ? 0 : kCard.chunk + static_cast<double>(now) * 0.05 - kCard.decode))
        << now;
    lengths += now > length ? 1U : 0U;
    length = now;
    answer.decoded(kCard);
  }
  EXPECT_GT(lengths, 2U);
}

TEST(DraftPolicy, IsLentTimeOnceItIsProven) {
  DraftPolicy policy;
  EXPECT_FALSE(policy.proven());
  EXPECT_EQ(policy.length(kLongest, kRest, kCard, kDraft, {}), 0U);
  steps(policy, 500, 1.0);
  EXPECT_TRUE(policy.proven());
  EXPECT_EQ(policy.length(kLongest, kRest, kCard, kDraft, {}), kLongest);
  AnswerAccount in_debt;
  in_debt.add(-DraftPolicy::kCredit * kCard.decode);
  EXPECT_EQ(policy.length(kLongest, kRest, kCard, kDraft, in_debt), 0U);
}

}  // namespace
}  // namespace axllama::inference
