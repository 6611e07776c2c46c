#include "inference/context_window.h"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace axllama::inference {
namespace {

using Tokens = std::vector<text::TokenId>;

TEST(ContextWindow, IsClampedToTheModel) {
  GenerationRequest request;
  EXPECT_EQ(context_limit_of(request, 100), 100U);
  request.context_limit = 40;
  EXPECT_EQ(context_limit_of(request, 100), 40U);
  request.context_limit = 4000;
  EXPECT_EQ(context_limit_of(request, 100), 100U);
}

TEST(ContextWindow, LimitsTheAnswer) {
  GenerationRequest request;
  request.prompt.assign(30, 1);
  EXPECT_EQ(longest_answer_of(request, 100), 70U);
  request.max_tokens = 5;
  EXPECT_EQ(longest_answer_of(request, 100), 5U);
  request.max_tokens = 500;
  EXPECT_EQ(longest_answer_of(request, 100), 70U);
  request.context_limit = 40;
  EXPECT_EQ(longest_answer_of(request, 100), 10U);
  request.context_shift = true;
  EXPECT_EQ(longest_answer_of(request, 100), 400U);
  request.max_tokens = -1;
  EXPECT_EQ(longest_answer_of(request, 100), 400U);
  request.max_tokens = 200;
  EXPECT_EQ(longest_answer_of(request, 100), 200U);
}

TEST(ShiftContext, DropsTheOlderHalfBehindWhatIsKept) {
  Tokens tokens(10);
  std::iota(tokens.begin(), tokens.end(), 0);
  shift_context(tokens, 2);
  EXPECT_EQ(tokens, (Tokens{0, 1, 6, 7, 8, 9}));
  shift_context(tokens, 0);
  EXPECT_EQ(tokens, (Tokens{7, 8, 9}));
}

TEST(ShiftContext, AlwaysMakesRoom) {
  Tokens tokens = {1, 2, 3};
  shift_context(tokens, 100);
  EXPECT_EQ(tokens, (Tokens{1, 2}));
  shift_context(tokens, 1);
  EXPECT_EQ(tokens, (Tokens{1}));
}

}  // namespace
}  // namespace axllama::inference
