#include "text/unicode/character_class.h"

#include <gtest/gtest.h>

#include "text/unicode/unicode_data.h"

namespace axllama::text {
namespace {

TEST(CharacterClass, KnowsTypicalCharacters) {
  EXPECT_EQ(character_class(U'a'), kLetter | kWord);
  EXPECT_EQ(character_class(U'7'), kNumber | kNumeric | kWord);
  EXPECT_EQ(character_class(U' '), kSpace);
  EXPECT_EQ(character_class(U'_'), kWord);
  EXPECT_EQ(character_class(U'!'), 0);
  EXPECT_EQ(character_class(U'\u00BD'), kNumber | kNumeric);  // one half: a number, not a word character
  EXPECT_EQ(character_class(U'\u0301'), kMark | kWord);
  EXPECT_EQ(character_class(U'\u4E2D'), kLetter | kWord);
  EXPECT_EQ(character_class(U'\u0085'), kSpace);
  EXPECT_EQ(character_class(U'\u3000'), kSpace);
  EXPECT_EQ(character_class(U'\u180E'), 0);  // Mongolian vowel separator is no white space since Unicode 6.3
  EXPECT_EQ(character_class(U'\u200B'), 0);  // nor is the zero-width space
  EXPECT_EQ(character_class(U'\U0001F600'), 0);
  EXPECT_EQ(character_class(U'\U00016FF4'), kNumeric);  // new in Unicode 17
  EXPECT_EQ(character_class(U'\U0001FABD'), kNewer);    // a symbol of Unicode 15
  EXPECT_EQ(character_class(0x110000), 0);
}

TEST(CharacterClass, RangesAreSortedAndDoNotOverlap) {
  for (const auto& ranges : {kCharacterClasses, kCombiningClasses}) {
    char32_t next = 0;
    for (const ClassRange& range : ranges) {
      ASSERT_GE(range.first, next);
      ASSERT_GE(range.last, range.first);
      ASSERT_LE(range.last, char32_t{0x10FFFF});
      next = range.last + 1;
    }
  }
}

}  // namespace
}  // namespace axllama::text
