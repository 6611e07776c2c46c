#include "inference/speculation.h"

#include <cstddef>

#include <gtest/gtest.h>

namespace axllama::inference {
namespace {

/// Layers of Qwen3-4B at 8 bits on a Pi 5: 36 x 6.0 ms and 36 x 11.1 ms.
constexpr SpeculationCosts kCard{0.216, 0.400};

/// The time of an answer of `tokens` tokens, in decode steps, when every token offers a guess after `match`
/// tokens of which `accepted` come true.
double steps(Speculation& speculation, std::size_t tokens, std::size_t match, std::size_t accepted,
             const SpeculationCosts& costs = kCard) {
  double seconds = 0;
  AnswerAccount answer;
  for (std::size_t token = 0; token < tokens;) {
    if (speculation.worth_trying(match, costs, answer)) {
      const std::size_t drafted = speculation.draft_length();
      const std::size_t come_true = std::min(accepted, drafted);
      speculation.tried(match, drafted, come_true, costs.chunk, costs);
      answer.add(static_cast<double>(come_true + 1) * costs.decode - costs.chunk);
      seconds += costs.chunk;
      token += come_true + 1;
    } else {
      speculation.decoded(costs);
      answer.decoded(costs);
      seconds += costs.decode;
      ++token;
    }
  }
  return seconds / costs.decode;
}

TEST(Speculation, IsNeverSlowerThanThreePercentWhenGuessesFail) {
  for (const std::size_t match : {3U, 6U, 12U, 32U}) {
    Speculation speculation;
    EXPECT_LE(steps(speculation, 400, match, 0), 1.03 * 400) << match;
    EXPECT_LE(steps(speculation, 5000, match, 0), 1.03 * 5000) << match;
  }
}

TEST(Speculation, CopiesAreSeveralTimesFaster) {
  Speculation speculation;
  EXPECT_LT(steps(speculation, 400, 32, 100), 400 / 5.0);
}

TEST(Speculation, StopsWhenGuessesNoLongerPayAndStartsAgainWhenTheyDo) {
  Speculation speculation;
  steps(speculation, 200, 6, 20);
  EXPECT_TRUE(speculation.on());
  EXPECT_LE(steps(speculation, 1000, 6, 0), 1.04 * 1000);
  EXPECT_FALSE(speculation.on());
  EXPECT_LT(steps(speculation, 3000, 6, 20), 0.75 * 3000);
  EXPECT_TRUE(speculation.on());
}

TEST(Speculation, IsOffWhileCostsAreUnknownOrChunksTooDear) {
  Speculation speculation;
  EXPECT_FALSE(speculation.worth_trying(32, {}, {}));
  EXPECT_FALSE(speculation.worth_trying(32, {0.2, 0.0}, {}));
  EXPECT_FALSE(speculation.worth_trying(32, {0.2, 4.0}, {}));
  EXPECT_FALSE(speculation.worth_trying(0, kCard, {}));
  EXPECT_TRUE(speculation.worth_trying(32, kCard, {}));
}

TEST(Speculation, AWeakGuessWaitsUntilItsAnswerHasPaidForIt) {
  Speculation speculation;
  AnswerAccount answer;
  EXPECT_TRUE(speculation.worth_trying(6, kCard, answer));  // plainly pays
  EXPECT_FALSE(speculation.worth_trying(3, kCard, answer));
  std::size_t tokens = 0;
  for (; !speculation.worth_trying(3, kCard, answer); ++tokens) {
    ASSERT_LT(tokens, 40U);
    speculation.decoded(kCard);
    answer.decoded(kCard);
  }
  EXPECT_GE(static_cast<double>(tokens) * AnswerAccount::kPremium * kCard.decode, kCard.chunk - kCard.decode);
  answer.add(kCard.decode - kCard.chunk);  // of two guesses nothing comes true
  answer.add(kCard.decode - kCard.chunk);
  EXPECT_FALSE(speculation.worth_trying(32, kCard, answer));
}

TEST(Speculation, GuessesLongerWhileTheyComeTrue) {
  Speculation speculation;
  const std::size_t at_first = speculation.draft_length();
  speculation.tried(32, at_first, at_first, 0.4, kCard);
  EXPECT_GT(speculation.draft_length(), at_first);
  for (int i = 0; i < 10; ++i) {
    speculation.tried(32, speculation.draft_length(), 0, 0.4, kCard);
  }
  EXPECT_EQ(speculation.draft_length(), Speculation::kShortestDraft);
  for (int i = 0; i < 10; ++i) {
    speculation.tried(32, speculation.draft_length(), speculation.draft_length(), 0.4, kCard);
  }
  EXPECT_EQ(speculation.draft_length(), 127U);  // a chunk has 128 rows, one for the token before
}

}  // namespace
}  // namespace axllama::inference
