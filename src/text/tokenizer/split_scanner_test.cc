#include "text/tokenizer/split_scanner.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "text/tokenizer/regex.h"
#include "text/tokenizer/testing/test_support.h"

namespace axllama::text {
namespace {

constexpr const char* kPatterns[] = {
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

std::vector<std::string> pieces_of(const ScanPattern& pattern, const std::string& text) {
  std::vector<Span> spans;
  scan(pattern, text, {0, text.size()}, spans);
  std::vector<std::string> pieces;
  for (const Span& span : spans) pieces.push_back(text.substr(span.begin, span.end - span.begin));
  return pieces;
}

TEST(SplitScanner, KnowsOnlyThePublishedPatterns) {
  for (const char* pattern : kPatterns) EXPECT_TRUE(known_scan_pattern(pattern)) << pattern;
  EXPECT_FALSE(known_scan_pattern(""));
  EXPECT_FALSE(known_scan_pattern(R"(\s+)"));
  EXPECT_EQ(known_scan_pattern(kPatterns[1])->most_digits, 3);
  EXPECT_EQ(known_scan_pattern(kPatterns[2])->most_digits, 1);
  EXPECT_TRUE(known_scan_pattern(kPatterns[3])->marks_in_words);
}

TEST(SplitScanner, CutsTypicalText) {
  using Pieces = std::vector<std::string>;
  const ScanPattern gpt2 = *known_scan_pattern(kPatterns[0]);
  EXPECT_EQ(pieces_of(gpt2, "I'm 10 years  old!\n"),
            (Pieces{"I", "'m", " 10", " years", " ", " old", "!", "\n"}));
  const ScanPattern llama3 = *known_scan_pattern(kPatterns[1]);
  EXPECT_EQ(pieces_of(llama3, "I'M 12345\n\n  x"), (Pieces{"I", "'M", " ", "123", "45", "\n\n", " ", " x"}));
  const ScanPattern qwen2 = *known_scan_pattern(kPatterns[2]);
  EXPECT_EQ(pieces_of(qwen2, "(foo_bar) 12 ...\r\n"),
            (Pieces{"(foo", "_bar", ")", " ", "1", "2", " ...\r\n"}));
}

// Two ways of one meaning: the scanner, and PCRE2 with the pattern itself.
TEST(SplitScanner, AgreesWithTheRegularExpression) {
  std::mt19937 random(3);
  for (const char* source : kPatterns) {
    const ScanPattern pattern = *known_scan_pattern(source);
    const Regex regex(source);
    for (int round = 0; round < 5000; ++round) {
      // U+180E is white space for PCRE2 and not for the reference implementation.
      std::string text = random_text(random, 25);
      if (text.find("\u180E") != std::string::npos) continue;
      // Both look at a part of a text only: what stands around it does not count.
      const Span within{0, text.size()};
      text += "x";
      std::vector<Span> scanned;
      std::vector<Span> matched;
      scan(pattern, text, within, scanned);
      regex.find_all(text, within, matched);
      ASSERT_EQ(scanned.size(), matched.size()) << text;
      for (std::size_t i = 0; i < scanned.size(); ++i) {
        ASSERT_EQ(scanned[i].begin, matched[i].begin) << text;
        ASSERT_EQ(scanned[i].end, matched[i].end) << text;
      }
    }
  }
}

}  // namespace
}  // namespace axllama::text
