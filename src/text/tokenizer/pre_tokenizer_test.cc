#include "text/tokenizer/pre_tokenizer.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace axllama::text {
namespace {

using Pieces = std::vector<std::string>;

Pieces pieces_after(const PreTokenizer& step, const std::string& text, bool at_start = true) {
  PreTokens tokens{text, {}, at_start};
  if (!text.empty()) tokens.pieces.push_back({0, text.size()});
  step.apply(tokens);
  Pieces pieces;
  for (const Span& span : tokens.pieces)
    pieces.push_back(tokens.text.substr(span.begin, span.end - span.begin));
  return pieces;
}

// The examples are those of the reference implementation's documentation of its split behaviours.
TEST(PreTokenizer, SplitsInEveryBehavior) {
  const std::string text = "the-final--countdown";
  const auto split = [&](SplitBehavior behavior) {
    return pieces_after(*make_string_splitter("-", behavior, false), text);
  };
  EXPECT_EQ(split(SplitBehavior::kRemoved), (Pieces{"the", "final", "countdown"}));
  EXPECT_EQ(split(SplitBehavior::kIsolated), (Pieces{"the", "-", "final", "-", "-", "countdown"}));
  EXPECT_EQ(split(SplitBehavior::kMergedWithPrevious), (Pieces{"the-", "final-", "-", "countdown"}));
  EXPECT_EQ(split(SplitBehavior::kMergedWithNext), (Pieces{"the", "-final", "-", "-countdown"}));
  EXPECT_EQ(split(SplitBehavior::kContiguous), (Pieces{"the", "-", "final", "--", "countdown"}));
}

TEST(PreTokenizer, SplitsByRegularExpressionAndByWhatItLeaves) {
  EXPECT_EQ(pieces_after(*make_regex_splitter(Regex(R"(\d+)"), SplitBehavior::kIsolated, false), "a12b3"),
            (Pieces{"a", "12", "b", "3"}));
  EXPECT_EQ(pieces_after(*make_regex_splitter(Regex(R"(\d+)"), SplitBehavior::kRemoved, true), "a12b3"),
            (Pieces{"12", "3"}));
  EXPECT_EQ(pieces_after(*make_regex_splitter(Regex("x*"), SplitBehavior::kIsolated, false), "axxb"),
            (Pieces{"a", "xx", "b"}));
}

TEST(PreTokenizer, CutsDigits) {
  EXPECT_EQ(pieces_after(*make_digit_splitter(true), "a12\u00BDb"), (Pieces{"a", "1", "2", "\u00BD", "b"}));
  EXPECT_EQ(pieces_after(*make_digit_splitter(false), "a12\u00BDb"), (Pieces{"a", "12\u00BD", "b"}));
}

TEST(PreTokenizer, PutsAPrefixSpaceBeforeEachPiece) {
  PreTokens tokens{"ab c", {{0, 2}, {2, 4}}, true};
  make_prefix_space()->apply(tokens);
  EXPECT_EQ(tokens.text, " ab c");
  ASSERT_EQ(tokens.pieces.size(), 2U);
  EXPECT_EQ(tokens.pieces[1].begin, 3U);
}

TEST(PreTokenizer, ReplacesSpacesByTheMetaspace) {
  const auto metaspace = [](PrependScheme scheme, bool split) { return make_metaspace("_", scheme, split); };
  EXPECT_EQ(pieces_after(*metaspace(PrependScheme::kAlways, true), "a  b"), (Pieces{"_a", "_", "_b"}));
  EXPECT_EQ(pieces_after(*metaspace(PrependScheme::kNever, true), "a b"), (Pieces{"a", "_b"}));
  EXPECT_EQ(pieces_after(*metaspace(PrependScheme::kFirst, false), "a b"), (Pieces{"_a_b"}));
  EXPECT_EQ(pieces_after(*metaspace(PrependScheme::kFirst, false), "a b", false), (Pieces{"a_b"}));
  EXPECT_EQ(pieces_after(*metaspace(PrependScheme::kAlways, false), " a"), (Pieces{"_a"}));
  EXPECT_EQ(pieces_after(*metaspace(PrependScheme::kAlways, false), ""), Pieces{});
}

}  // namespace
}  // namespace axllama::text
