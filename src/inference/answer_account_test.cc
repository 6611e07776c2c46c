// However its text is guessed, by whom, and wherever it ends: no answer takes longer than it may.

#include "inference/answer_account.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <gtest/gtest.h>

#include "inference/draft_policy.h"
#include "inference/random.h"
#include "inference/speculation.h"

namespace axllama::inference {
namespace {

/// A card, a text and a draft model, all of them by chance. What comes true changes within an answer.
class Answers {
 public:
  explicit Answers(std::uint64_t seed) : random_(seed) {
    costs_.decode = between(0.02, 0.3);
    costs_.chunk = costs_.decode * between(0.8, 6);
    token_ = costs_.decode * between(0.05, 0.6);
    drafts_ = random_.uniform() < 0.6;
  }

  /// An answer ends: its time with guesses and without, in seconds.
  struct Times {
    double with = 0;
    double without = 0;
    double lent = 0;  // most
  };
  Times answer() {
    const auto tokens = static_cast<std::size_t>(std::exp(between(0, 6.5)));  // short ones are many
    missed_ = costs_.decode * between(0, 8);
    account_ = {};
    lent_to_drafts_ = false;
    Times times;
    for (std::size_t done = 0; done < tokens;) {
      if (random_.uniform() < 0.05) {
        change();
      }
      times.with += turn(tokens - done);
      done += came_;
    }
    times.without = costs_.decode * static_cast<double>(tokens);
    times.lent = chunk_loss() + (lent_to_drafts_ ? DraftPolicy::kCredit * costs_.decode : 0);
    return times;
  }
  double chunk_loss() const { return std::max(costs_.chunk - costs_.decode, 0.0); }

  std::size_t tries = 0;
  std::size_t successes = 0;

 private:
  double between(double low, double high) { return low + (high - low) * random_.uniform(); }

  void change() {
    constexpr std::array<double, 5> kShares = {0, 0, 0.5, 0.9, 1};
    share_ = kShares[static_cast<std::size_t>(random_.uniform() * 5)];
    repeats_ = random_.uniform() < 0.5;
  }

  std::size_t come_true(std::size_t count, std::size_t rest) {
    std::size_t accepted = 0;
    while (accepted < count && accepted + 1 < rest && random_.uniform() < share_) {
      ++accepted;
    }
    ++tries;
    successes += accepted > 3 ? 1U : 0U;
    came_ = accepted + 1;
    return accepted;
  }

  /// Seconds of a turn, which brings came_ tokens.
  double turn(std::size_t rest) {
    lent_to_drafts_ |= drafts_ && policy_.proven();
    const auto match = repeats_ ? 3 + static_cast<std::size_t>(random_.uniform() * 30) : 0;
    if (rest > 1 && speculation_.worth_trying(match, costs_, account_)) {
      const std::size_t guessed = speculation_.draft_length();
      const std::size_t accepted = come_true(guessed, rest);
      speculation_.tried(match, guessed, accepted, costs_.chunk, costs_);
      account_.add(static_cast<double>(came_) * costs_.decode - costs_.chunk);
      return costs_.chunk;
    }
    const std::size_t count = drafts_ ? policy_.length(std::min<std::size_t>(16, rest - 1), rest, costs_,
                                                       {missed_, token_}, account_)
                                      : 0;
    if (count == 0) {
      speculation_.decoded(costs_);
      policy_.decoded(costs_);
      account_.decoded(costs_);
      missed_ += token_;
      came_ = 1;
      return costs_.decode;
    }
    const double read = missed_;
    policy_.caught_up(read);
    account_.add(-read);
    missed_ = 0;
    const double drafting = static_cast<double>(count) * token_;
    const std::size_t accepted = come_true(count, rest);
    policy_.tried({count, accepted, came_ == rest, costs_.chunk, drafting}, costs_);
    account_.add(static_cast<double>(came_) * costs_.decode - costs_.chunk - drafting);
    return read + drafting + costs_.chunk;
  }

  Random random_;
  SpeculationCosts costs_;
  double token_ = 0;
  bool drafts_ = false;
  double share_ = 0;
  bool repeats_ = false;
  std::size_t came_ = 0;
  double missed_ = 0;
  AnswerAccount account_;
  bool lent_to_drafts_ = false;
  Speculation speculation_;
  DraftPolicy policy_;
};

TEST(AnswerAccount, NoAnswerIsSlowerThanThreePercentAndWhatIsLent) {
  std::size_t tries = 0;
  std::size_t successes = 0;
  std::size_t slower = 0;  // than three percent
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Answers server(seed);
    for (int i = 0; i < 40; ++i) {
      const Answers::Times times = server.answer();
      const double bound = 1.03 * times.without;
      EXPECT_LE(times.with, bound + times.lent + 1e-9) << "seed " << seed << ", answer " << i;
      slower += times.with > bound + 1e-9 ? 1U : 0U;
    }
    tries += server.tries;
    successes += server.successes;
  }
  EXPECT_GT(tries, 20'000U);  // the test says something: much is tried, and much comes to nothing
  EXPECT_GT(successes, tries / 10);
  EXPECT_LT(successes, tries * 3 / 4);
  EXPECT_LT(slower, 300U * 40 / 10);  // answers that lost more than they had paid in are few
  EXPECT_GT(slower, 0U);              // and there are some: the bound is no smaller
}

}  // namespace
}  // namespace axllama::inference
