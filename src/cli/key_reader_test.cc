#include "cli/key_reader.h"

#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

using Kind = Key::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Key> keys(std::string_view bytes) {
  KeyReader reader;
  std::vector<Key> found;
  for (const char byte : bytes) {
    if (auto key = reader.push(byte); key && key->kind != Kind::kUnknown) found.push_back(*key);
  }
  if (reader.undecided()) found.push_back(reader.flush());
  return found;
}

TEST(KeyReader, CharactersAndControls) {
  EXPECT_THAT(keys("aé😀"),
              ElementsAre(Key{Kind::kText, "a"}, Key{Kind::kText, "é"}, Key{Kind::kText, "😀"}));
  EXPECT_THAT(keys("\x01\r\n\t\x7f"),
              ElementsAre(Key{Kind::kControl, "a"}, Key{Kind::kEnter, ""}, Key{Kind::kNewline, ""},
                          Key{Kind::kTab, ""}, Key{Kind::kBackspace, ""}));
  EXPECT_THAT(keys("\xC3z"), ElementsAre(Key{Kind::kText, "z"}));  // half a character is lost
}

TEST(KeyReader, Sequences) {
  EXPECT_THAT(keys("\x1b[A\x1b[D\x1bOH\x1b[3~\x1b[1;5C"),
              ElementsAre(Key{Kind::kUp, ""}, Key{Kind::kLeft, ""}, Key{Kind::kHome, ""},
                          Key{Kind::kDelete, ""}, Key{Kind::kWordRight, ""}));
  EXPECT_THAT(keys("\x1b[99;99Zx"), ElementsAre(Key{Kind::kText, "x"}));  // unknown ones do nothing
  EXPECT_THAT(keys("\x1b"
                   "b\x1b\x7f"),
              ElementsAre(Key{Kind::kAlt, "b"}, Key{Kind::kControl, "w"}));
  EXPECT_THAT(keys("\x1b"), ElementsAre(Key{Kind::kEscape, ""}));
}

TEST(KeyReader, WhatIsPastedIsOneText) {
  EXPECT_THAT(keys("\x1b[200~one\r\ntwo\rthree\n\x1b[A\x1b[201~!"),
              ElementsAre(Key{Kind::kText, "one\ntwo\nthree\n\x1b[A"}, Key{Kind::kText, "!"}));
  const std::string much(KeyReader::kMostPasted + 1000, 'x');
  const auto found = keys("\x1b[200~" + much + "\x1b[201~");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().text.size(), KeyReader::kMostPasted);
  EXPECT_THAT(keys("\x1b[200~never ended"), IsEmpty());
}

}  // namespace
}  // namespace axllama::cli
