#include "cli/edit_view.h"

#include <algorithm>
#include <charconv>
#include <clocale>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// A terminal that knows what the view sends; characters of one column only. It ends the test when it would
/// have to break a line by itself.
class Screen {
 public:
  explicit Screen(std::size_t width) : width_(width) {}

  void write(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      const char c = bytes[at];
      if (c == '\r') {
        column_ = 0;
      } else if (c == '\n') {
        ++row_;
      } else if (c == '\x1b') {
        at = escape(bytes, at + 2);
      } else {
        put(c);
      }
    }
  }
  std::vector<std::string> rows() const { return rows_; }
  std::pair<std::size_t, std::size_t> cursor() const { return {row_, column_}; }

 private:
  std::size_t escape(std::string_view bytes, std::size_t at) {
    std::size_t number = 0;
    while (bytes[at] >= '0' && bytes[at] <= ';') {
      number = bytes[at] == ';' ? 0 : number * 10 + static_cast<std::size_t>(bytes[at] - '0');
      ++at;
    }
    if (bytes[at] == 'A') row_ -= number;
    if (bytes[at] == 'C') column_ += number;
    if (bytes[at] == 'J') {
      rows_.resize(std::min(rows_.size(), row_ + 1));
      if (row_ < rows_.size()) rows_[row_].resize(std::min(rows_[row_].size(), column_));
    }
    return at;
  }
  void put(char c) {
    ASSERT_LT(column_, width_);
    rows_.resize(std::max(rows_.size(), row_ + 1));
    rows_[row_].resize(std::max(rows_[row_].size(), column_ + 1), ' ');
    rows_[row_][column_++] = c;
  }

  std::size_t width_;
  std::vector<std::string> rows_;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
};

EditView::Frame frame(std::size_t width) {
  return {.prompt = "> ", .continuation = ". ", .placeholder = "say", .width = width};
}

TEST(EditView, LongTextsTakeSeveralRows) {
  EditView view;
  Screen screen(6);
  EditBuffer buffer;
  buffer.set("abcdefghij");
  screen.write(view.draw(frame(6), buffer));
  EXPECT_THAT(screen.rows(), ElementsAre("> abcd", "efghij"));
  EXPECT_EQ(screen.cursor(), std::pair(2UL, 0UL));  // the row is full: it goes on below
  for (int i = 0; i < 8; ++i) buffer.move_left();
  screen.write(view.draw(frame(6), buffer));
  EXPECT_EQ(screen.cursor(), std::pair(0UL, 4UL));
  buffer.erase_to_end();
  screen.write(view.draw(frame(6), buffer));
  EXPECT_THAT(screen.rows(), ElementsAre("> ab"));
  EXPECT_EQ(screen.cursor(), std::pair(0UL, 4UL));
}

TEST(EditView, LinesBeginWithTheContinuation) {
  EditView view;
  Screen screen(20);
  EditBuffer buffer;
  buffer.set("one\ntwo");
  buffer.move_home();
  screen.write(view.draw(frame(20), buffer));
  EXPECT_THAT(screen.rows(), ElementsAre("> one", ". two"));
  EXPECT_EQ(screen.cursor(), std::pair(1UL, 2UL));
  screen.write(view.leave(frame(20), buffer));
  EXPECT_EQ(screen.cursor(), std::pair(2UL, 0UL));
}

TEST(EditView, AnEmptyTextShowsThePlaceholder) {
  EditView view;
  Screen screen(20);
  EditBuffer buffer;
  const std::string drawn = view.draw(frame(20), buffer);
  EXPECT_THAT(drawn, HasSubstr("\x1b[38;5;245msay\x1b[0m"));
  screen.write(drawn);
  EXPECT_EQ(screen.cursor(), std::pair(0UL, 2UL));
  screen.write(view.leave(frame(20), buffer));
  EXPECT_THAT(screen.rows(), ElementsAre("> "));
}

TEST(EditView, WideCharactersTakeTwoColumnsAndControlsAreNotSent) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  EditView view;
  EditBuffer buffer;
  buffer.set("中文字");
  EXPECT_THAT(view.draw(frame(6), buffer), HasSubstr("中文\r\n字"));
  buffer.set("a\x1b[2Jb\x07");
  EXPECT_THAT(EditView().draw(frame(40), buffer), HasSubstr("a?[2Jb?"));
  EXPECT_THAT(EditView().draw(frame(40), buffer), Not(HasSubstr("\x07")));
}

}  // namespace
}  // namespace axllama::cli
