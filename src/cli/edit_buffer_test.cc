#include "cli/edit_buffer.h"

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

EditBuffer typed(const char* text) {
  EditBuffer buffer;
  buffer.set(text);
  return buffer;
}

TEST(EditBuffer, CharactersAreNeverHalf) {
  EditBuffer buffer = typed("añ😀");
  EXPECT_EQ(buffer.cursor(), 3U);
  buffer.erase_before();
  buffer.move_left();
  buffer.insert("x\xFFy");
  EXPECT_EQ(buffer.text(), "ax\xEF\xBF\xBDyñ");
  EXPECT_EQ(buffer.cursor(), 4U);
  buffer.erase_at();
  EXPECT_EQ(buffer.text(), "ax\xEF\xBF\xBDy");
  buffer.erase_at();  // nothing there
  EXPECT_EQ(buffer.characters().size(), 4U);
}

TEST(EditBuffer, MovesByWords) {
  EditBuffer buffer = typed("one  two three");
  buffer.move_word_left();
  EXPECT_EQ(buffer.cursor(), 9U);
  buffer.move_word_left();
  EXPECT_EQ(buffer.cursor(), 5U);
  buffer.erase_word_before();
  EXPECT_EQ(buffer.text(), "two three");
  buffer.move_word_right();
  EXPECT_EQ(buffer.cursor(), 3U);
  buffer.move_word_right();
  buffer.move_word_right();
  EXPECT_EQ(buffer.cursor(), 9U);
}

TEST(EditBuffer, LinesEndAtNewlines) {
  EditBuffer buffer = typed("first\nsecond line\nthird");
  buffer.move_home();
  EXPECT_EQ(buffer.cursor(), 18U);
  buffer.move_left();
  buffer.move_home();
  EXPECT_EQ(buffer.cursor(), 6U);
  buffer.move_word_right();
  buffer.erase_to_end();
  EXPECT_EQ(buffer.text(), "first\nsecond\nthird");
  buffer.erase_to_begin();
  EXPECT_EQ(buffer.text(), "first\n\nthird");
  buffer.move_end();
  EXPECT_EQ(buffer.cursor(), 6U);
}

TEST(EditBuffer, NothingHappensAtTheEdges) {
  EditBuffer buffer;
  buffer.erase_before();
  buffer.erase_word_before();
  buffer.move_left();
  buffer.move_right();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.cursor(), 0U);
}

}  // namespace
}  // namespace axllama::cli
