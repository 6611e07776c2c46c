#include "cli/terminal.h"

#include <string>

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

std::string wrapped(std::string_view text, std::size_t width) {
  WordWrap wrap(width);
  return wrap.push(text);
}

TEST(WordWrap, ShortTextIsUntouched) {
  EXPECT_EQ(wrapped("one two\nthree", 20), "one two\nthree");
}

TEST(WordWrap, MovesTheLastWordToTheNextLine) {
  // "two" does not fit: its printed part "tw" is erased and printed again on the next line.
  EXPECT_EQ(wrapped("one two", 6), "one tw\x1b[2D\x1b[K\ntwo");
}

TEST(WordWrap, PiecesOfAnySizeGiveTheSameText) {
  const std::string text = "the quick brown fox jumps over the lazy dog and runs away";
  WordWrap wrap(11);
  std::string by_character;
  for (const char c : text) by_character += wrap.push(std::string_view(&c, 1));
  EXPECT_EQ(by_character, wrapped(text, 11));
}

TEST(WordWrap, ASpaceAtTheEdgeBecomesTheBreakAndLongWordsAreSplit) {
  EXPECT_EQ(wrapped("abcd ef", 4), "abcd\nef");
  EXPECT_EQ(wrapped("abcdefgh", 4), "abcd\nefgh");
}

}  // namespace
}  // namespace axllama::cli
