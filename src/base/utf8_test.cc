#include "base/utf8.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace axllama::base {
namespace {

TEST(Utf8, EncodesAndDecodesEveryScalarValue) {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, code_point);
    const Utf8Character character = decode_utf8(text, 0);
    ASSERT_TRUE(character.valid) << static_cast<std::uint32_t>(code_point);
    ASSERT_EQ(character.code_point, code_point);
    ASSERT_EQ(character.length, text.size());
    ASSERT_TRUE(is_valid_utf8(text));
  }
}

TEST(Utf8, AppendsReplacementForWhatIsNoScalarValue) {
  for (const char32_t code_point :
       {char32_t{0xD800}, char32_t{0xDFFF}, char32_t{0x110000}, char32_t{0xFFFFFFFF}}) {
    std::string text;
    append_utf8(text, code_point);
    EXPECT_EQ(text, kReplacementUtf8);
  }
}

struct Repair {
  std::string input;
  std::string expected;
};

// The expected texts are those of Python's bytes.decode("utf-8", "replace"), which follows the same rule.
TEST(Utf8, ReplacesEachMaximalSubpart) {
  const std::string r(kReplacementUtf8);
  const Repair cases[] = {
      {"plain", "plain"},
      {"\x80", r},
      {"a\xC0\xAF"
       "b",
       "a" + r + r + "b"},
      {"\xE0\x9F\x80", r + r + r},
      {"\xED\xA0\x80", r + r + r},
      {"\xF4\x90\x80\x80", r + r + r + r},
      {"\xF5\x80", r + r},
      {"\xE2\x82", r},
      {"\xE2\x82x", r + "x"},
      {"\xF0\x9F\x98", r},
      {"\xF0\x9F\x98\xF0\x9F\x98\x80", r + "\xF0\x9F\x98\x80"},
      {"\xE2\xE2\x82\xAC", r + "\xE2\x82\xAC"},
      {"\xF0\x80\x80\x80", r + r + r + r},
      {"long ascii before \xFF and after", "long ascii before " + r + " and after"},
  };
  for (const Repair& repair : cases) {
    EXPECT_EQ(to_valid_utf8(repair.input), repair.expected);
    EXPECT_EQ(is_valid_utf8(repair.input), repair.input == repair.expected);
    EXPECT_EQ(utf8_length(repair.input), utf8_length(repair.expected));
  }
}

TEST(Utf8, FindsUnfinishedCharacterAtTheEnd) {
  EXPECT_EQ(incomplete_utf8_suffix(""), 0U);
  EXPECT_EQ(incomplete_utf8_suffix("abc"), 0U);
  EXPECT_EQ(incomplete_utf8_suffix("a\xE2"), 1U);
  EXPECT_EQ(incomplete_utf8_suffix("a\xE2\x82"), 2U);
  EXPECT_EQ(incomplete_utf8_suffix("a\xE2\x82\xAC"), 0U);
  EXPECT_EQ(incomplete_utf8_suffix("\xF0\x9F\x98"), 3U);
  EXPECT_EQ(incomplete_utf8_suffix("\xF0\x9F\x98\x80"), 0U);
  EXPECT_EQ(incomplete_utf8_suffix("\xC0"), 0U);          // begins nothing
  EXPECT_EQ(incomplete_utf8_suffix("\xED\xA0"), 0U);      // a surrogate cannot be completed
  EXPECT_EQ(incomplete_utf8_suffix("\x80\x80\x80"), 0U);  // no first byte
}

TEST(Utf8, RepairedTextIsAlwaysValidAndRepairIsIdempotent) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> byte(0, 255);
  std::uniform_int_distribution<int> length(0, 12);
  const std::string leads = "\xC2\xE0\xE2\xED\xF0\xF4\x80\x9F\xA0\xBF";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (int i = length(random); i > 0; --i) {
      const auto any = static_cast<std::size_t>(byte(random));
      text.push_back(any < 200 ? leads[any % leads.size()] : static_cast<char>(any));
    }
    const std::string repaired = to_valid_utf8(text);
    ASSERT_TRUE(is_valid_utf8(repaired));
    ASSERT_EQ(to_valid_utf8(repaired), repaired);
    // Cutting off the unfinished end and repairing the parts gives the same text as repairing the whole.
    const std::size_t cut = text.size() - incomplete_utf8_suffix(text);
    ASSERT_EQ(to_valid_utf8(text.substr(0, cut)) + to_valid_utf8(text.substr(cut)), repaired);
  }
}

}  // namespace
}  // namespace axllama::base
