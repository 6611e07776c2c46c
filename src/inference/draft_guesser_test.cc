// How a draft model's work for a guess is divided into turns.

#include "inference/draft_guesser.h"

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace axllama::inference {
namespace {

using ::testing::ElementsAre;
using text::TokenId;
using Tokens = std::vector<TokenId>;

/// A token of the draft model costs a third of a chunk that verifies.
constexpr SpeculationCosts kCosts{10, 3};
constexpr DraftCosts kDraft{0, 1};
constexpr std::size_t kLongest = 16;

/// Has chunks to read first, then as many single tokens as there are to guess. Guesses 0, 1, 2, ...
class FakeDraft final : public DraftRunner {
 public:
  explicit FakeDraft(std::size_t chunks) : unread_(chunks) {
    for (int i = 0; i < 20; ++i) {  // long guesses have come true
      policy_.tried({kLongest, kLongest, false, kCosts.chunk, kLongest * kDraft.token}, kCosts);
    }
  }

  std::size_t longest(std::span<const TokenId> /*tokens*/) const override { return 100; }
  DraftCosts costs(std::span<const TokenId> /*tokens*/, double /*decode*/) const override { return kDraft; }
  DraftCall advance(std::span<const TokenId> /*tokens*/, std::size_t count) override {
    if (guessed_.size() == count) {
      return {};
    }
    ++calls;
    if (unread_ > 1) {
      --unread_;
      return {.tokens = 64, .reading = true};
    }
    guessed_.push_back(static_cast<TokenId>(guessed_.size()));
    return {.tokens = std::exchange(unread_, 0) == 1 ? 64U : 1U};
  }
  Tokens take() override { return std::exchange(guessed_, {}); }
  void forget() noexcept override {}
  DraftPolicy& policy() noexcept override { return policy_; }

  std::size_t calls = 0;

 private:
  std::size_t unread_;  // chunks
  Tokens guessed_;
  DraftPolicy policy_;
};

class FakeEvaluator final : public GuessEvaluator {
 public:
  explicit FakeEvaluator(FakeDraft& draft) : draft_(draft) {}

  std::size_t longest() const override { return 64; }
  void evaluate(std::span<const TokenId> /*tokens*/) override {}
  Logits logits(std::size_t /*row*/, LogitsWanted /*wanted*/) override { return {}; }
  void keep(std::size_t /*count*/) override {}
  SpeculationCosts costs() const override { return kCosts; }
  Speculation& policy() noexcept override { return policy_; }
  DraftRunner* draft() noexcept override { return &draft_; }

 private:
  FakeDraft& draft_;
  Speculation policy_;
};

class DraftGuesserTurns : public ::testing::Test {
 protected:
  DraftGuesserTurns() { account_.add(1000); }

  /// Engine calls of each turn until the guess is there, or none is made.
  std::vector<std::size_t> turns(FakeDraft& draft) {
    FakeEvaluator evaluator(draft);
    const GuessPlace place{evaluator, tokens_, 63, 1000, account_};
    std::vector<std::size_t> calls;
    if (!guesser_.worth_trying(place)) {
      return calls;
    }
    while (true) {
      const std::size_t before = draft.calls;
      std::optional<Tokens> guess = guesser_.guess(place);
      if (guess) {
        EXPECT_EQ(draft.calls, before);  // verifying it is this turn's work
        guess_ = *guess;
        return calls;
      }
      calls.push_back(draft.calls - before);
    }
  }

  Tokens guess_;

 private:
  Tokens tokens_ = {1, 2, 3};
  AnswerAccount account_;
  DraftGuesser guesser_{kLongest};
};

TEST_F(DraftGuesserTurns, HaveAsManyTokensAsAChunkHasTimeFor) {
  FakeDraft draft(0);
  EXPECT_THAT(turns(draft), ElementsAre(3, 3, 3, 3, 3, 1));
  EXPECT_EQ(guess_.size(), kLongest);
  EXPECT_THAT(turns(draft), ElementsAre(3, 3, 3, 3, 3, 1));
}

TEST_F(DraftGuesserTurns, HaveOneChunkThatIsReadAndATokenOfTheAnswerAfterTwo) {
  FakeDraft draft(5);
  for (int pause = 0; pause < 2; ++pause) {
    EXPECT_THAT(turns(draft), ElementsAre(1, 1));
    EXPECT_TRUE(guess_.empty());
  }
  EXPECT_THAT(turns(draft), ElementsAre(1, 3, 3, 3, 3, 3));  // the chunk that was the last brings a token
  EXPECT_EQ(guess_.size(), kLongest);
}

}  // namespace
}  // namespace axllama::inference
