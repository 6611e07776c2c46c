#include "inference/drafter.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "inference/random.h"
#include "inference/testing/simulated_model.h"

namespace axllama::inference {
namespace {

using Tokens = std::vector<text::TokenId>;

Drafter after(const Tokens& tokens) {
  Drafter drafter;
  for (const text::TokenId token : tokens) {
    drafter.accept(token);
  }
  return drafter;
}

Tokens guess(std::string_view text, std::size_t longest) {
  return after(bytes_of(text)).propose(longest).tokens;
}

TEST(Drafter, ProposesWhatFollowedBefore) {
  EXPECT_EQ(guess("the cat sat. the cat", 5), bytes_of(" sat."));
  EXPECT_EQ(after(bytes_of("the cat sat. the cat")).propose(5).match, 7U);
  EXPECT_EQ(guess("abcdefg", 5), Tokens{});
  EXPECT_EQ(guess("ab ab", 5), Tokens{});  // two tokens are too few
  EXPECT_EQ(guess("", 5), Tokens{});
  EXPECT_EQ(guess("xyzxyz", 0), Tokens{});
}

TEST(Drafter, PrefersTheLongestMatchAndThenTheLatest) {
  EXPECT_EQ(guess("one two three; so two four; one two ", 5), bytes_of("three"));
  EXPECT_EQ(guess("key: 1, key: 2, key: ", 1), bytes_of("2"));
}

TEST(Drafter, GoesOnInCirclesAtTheEnd) {
  EXPECT_EQ(guess("abcabc", 7), bytes_of("abcabca"));
  EXPECT_EQ(guess("aaaa", 3), bytes_of("aaa"));
}

TEST(Drafter, FindsTheLongestMatchThatThereIs) {
  Random random(8);
  for (int round = 0; round < 300; ++round) {
    Tokens tokens(20 + random.next() % 60);
    for (text::TokenId& token : tokens) {
      token = static_cast<text::TokenId>(random.next() % 4);
    }
    std::size_t longest = 0;
    for (std::size_t end = 1; end < tokens.size(); ++end) {
      std::size_t length = 0;
      while (length < std::min(end, Drafter::kLongestMatch) &&
             tokens[end - 1 - length] == tokens[tokens.size() - 1 - length]) {
        ++length;
      }
      longest = std::max(longest, length);
    }
    const Draft draft = after(tokens).propose(8);
    EXPECT_EQ(draft.match, longest < Drafter::kFewest ? 0 : longest);
    EXPECT_EQ(draft.tokens.size(), draft.match == 0 ? 0U : 8U);
  }
}

TEST(Drafter, LooksAtABoundedNumberOfPlaces) {
  Tokens tokens(20000, 7);  // every place matches
  tokens.push_back(8);
  tokens.insert(tokens.end(), 10, 7);
  EXPECT_EQ(after(tokens).propose(4).tokens, (Tokens{8, 7, 7, 7}));  // what followed the longest match
}

}  // namespace
}  // namespace axllama::inference
