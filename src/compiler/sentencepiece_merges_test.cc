#include "compiler/sentencepiece_merges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace axllama::compiler {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(SentencepieceMerges, FollowTheScores) {
  const auto merges = sentencepiece_merges({"a", "b", "c", "bc", "ab", "abc"}, {0, 0, 0, -2, -1, -3});
  EXPECT_THAT(merges, ElementsAre(Pair("a", "b"), Pair("b", "c"), Pair("a", "bc"), Pair("ab", "c")));
}

TEST(SentencepieceMerges, CutBetweenCharactersOnly) {
  EXPECT_THAT(sentencepiece_merges({"\u2581", "\u00e9", "\u2581\u00e9", "\xC3", "\xA9"}, {0, 0, -1, 0, 0}),
              ElementsAre(Pair("\u2581", "\u00e9")));
}

TEST(SentencepieceMerges, LeaveOutPiecesThatCannotBeReached) {
  EXPECT_THAT(sentencepiece_merges({"a", "xyz", "<s>"}, {0, -1, 0}), IsEmpty());
}

}  // namespace
}  // namespace axllama::compiler
