#include "text/unicode/nfc.h"

#include <string>

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "text/unicode/unicode_data.h"

namespace axllama::text {
namespace {

struct Sample {
  const char* input;
  const char* nfc;
  const char* nfd;
};

// From Unicode Standard Annex 15, figures 3 to 6, and section 3.12 of the standard.
TEST(Nfc, MatchesExamplesOfTheStandard) {
  const Sample samples[] = {
      {"", "", ""},
      {"plain ascii", "plain ascii", "plain ascii"},
      {"\u212B", "\u00C5", "A\u030A"},
      {"\u2126", "\u03A9", "\u03A9"},
      {"\u00C5", "\u00C5", "A\u030A"},
      {"\u1E69", "\u1E69", "s\u0323\u0307"},
      {"\u1E0B\u0323", "\u1E0D\u0307", "d\u0323\u0307"},
      {"q\u0307\u0323", "q\u0323\u0307", "q\u0323\u0307"},
      {"\uFB01", "\uFB01", "\uFB01"},
      {"\u0344", "\u0308\u0301", "\u0308\u0301"},
      {"\u0958", "\u0915\u093C", "\u0915\u093C"},
      {"\uD55C\uAE00", "\uD55C\uAE00", "\u1112\u1161\u11AB\u1100\u1173\u11AF"},
      {"\u1112\u1161\u11AB", "\uD55C", "\u1112\u1161\u11AB"},
      {"\u1112\u1161\u11A7", "\uD558\u11A7", "\u1112\u1161\u11A7"},
      {"\uAC00\u11A8", "\uAC01", "\u1100\u1161\u11A8"},
      {"a\u0301\u0301", "\u00E1\u0301", "a\u0301\u0301"},
      {"\u0301a", "\u0301a", "\u0301a"},
      {"\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165"},
      {"\uF900", "\u8C48", "\u8C48"},
  };
  for (const Sample& sample : samples) {
    EXPECT_EQ(to_nfc(sample.input), sample.nfc) << sample.input;
    EXPECT_EQ(to_nfd(sample.input), sample.nfd) << sample.input;
  }
}

TEST(Nfc, IsIdempotentAndAgreesWithDecompositionForEveryCharacter) {
  for (char32_t c = 0; c <= 0x2FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text = "e";
    base::append_utf8(text, c);
    text += "\u0301";
    const std::string composed = to_nfc(text);
    ASSERT_EQ(to_nfc(composed), composed) << static_cast<std::uint32_t>(c);
    ASSERT_EQ(to_nfd(composed), to_nfd(text)) << static_cast<std::uint32_t>(c);
    ASSERT_EQ(to_nfc(to_nfd(text)), composed) << static_cast<std::uint32_t>(c);
  }
}

TEST(Nfc, LongRunOfMarksTakesLittleTime) {
  std::string text = "a";
  for (int i = 0; i < 200'000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0323";
  const std::string composed = to_nfc(text);
  EXPECT_EQ(composed.size(),
            text.size() + 1 - 2 + 1);  // a and the first U+0323 become U+1EA1: 3 bytes less 3
  EXPECT_EQ(composed.substr(0, 3), "\u1EA1");
}

}  // namespace
}  // namespace axllama::text
