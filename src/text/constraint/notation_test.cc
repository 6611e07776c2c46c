// Grammars in llama.cpp's notation, and regular expressions.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/error_of.h"
#include "text/constraint/compile.h"
#include "text/constraint/testing/walk.h"

namespace axllama::text {
namespace {

using base::testing::refusal_of;
using testing::accepts;
using testing::tiny_tokenizer;

struct Notation {
  std::string source;
  std::vector<std::string> allowed;
  std::vector<std::string> refused;
};

void expect_texts(const Constraint& constraint, const Notation& test) {
  for (const std::string& text : test.allowed)
    EXPECT_TRUE(accepts(constraint, text)) << test.source << "\n" << text;
  for (const std::string& text : test.refused)
    EXPECT_FALSE(accepts(constraint, text)) << test.source << "\n" << text;
}

TEST(GbnfGrammar, Texts) {
  const std::vector<Notation> tests = {
      {"root ::= \"a\" | \"b\" [0-9]+ # digits\n", {"a", "b1", "b123"}, {"", "b", "ab1", "b1a"}},
      {"# chess\nroot ::= (move \" \"){2} \"end\"\nmove ::= piece? [a-h] [1-8]\npiece ::= [NBKQR]\n",
       {"e4 Nf3 end", "a1 a1 end"},
       {"e4 end", "e9 e4 end"}},
      {"root ::= item (\n  \", \" item\n)*\n\nitem ::= \"x\" |\n  \"y\"\n", {"x", "x, y, x"}, {"x,", "xy"}},
      {"root ::= \"\\x41\\u00e9\\U0001F600\\n\\t\\\"\\\\\"", {"A\u00e9\U0001F600\n\t\"\\"}, {"A"}},
      {"root ::= [^\\]a-c\\n]{2,3} .",
       {"xyz", "xy]", "d\u00e9\U0001F600x", "xx\n"},
       {"x", "axx", "]xx", "xyzzz"}},
      {"root ::= \"a\"{2} \"b\"{1,} \"c\"{,2}", {}, {}},
      {"root ::= \"(\" root \")\" | \"\"", {"", "()", "((()))"}, {"(", "())"}},
      {"root-1 ::= \"a\"\nroot ::= root-1 root_2\nroot_2 ::= \"b\"+?", {"a", "ab", "abbb"}, {"b"}},
      {"root ::= ws \"x\"\nws ::= | \" \" | \"\\n\" [ \\t]*", {"x", " x", "\n  \tx"}, {"  x"}},
      {"root ::= \"a\" (\"b\"? \"c\"?){0,3} \"d\"", {"ad", "abcbd", "accd"}, {"abcbcbcbcd", "a"}},
  };
  for (const Notation& test : tests) {
    if (test.source.find("{,2}") != std::string::npos) {
      EXPECT_EQ(refusal_of([&] { compile_grammar(test.source, tiny_tokenizer()); }),
                "The grammar is wrong in line 1: a number is expected.");
      continue;
    }
    expect_texts(*compile_grammar(test.source, tiny_tokenizer()), test);
  }
}

TEST(GbnfGrammar, RefusalsNameTheLine) {
  const auto message = [](const std::string& source) {
    return refusal_of([&] { compile_grammar(source, tiny_tokenizer()); });
  };
  EXPECT_EQ(message("root ::= \"a\"\nx ::= [a"), "The grammar is wrong in line 2: '[' has no ']'.");
  EXPECT_EQ(message("root ::= other"),
            "The grammar is wrong in line 1: the rule 'other' is used but not defined.");
  EXPECT_EQ(message("x ::= \"a\""), "The grammar is wrong in line 1: the rule 'root' is missing.");
  EXPECT_EQ(message(""), "The grammar is wrong in line 1: the rule 'root' is missing.");
  EXPECT_EQ(message("root ::= \"a"), "The grammar is wrong in line 1: a literal has no end.");
  EXPECT_EQ(message("root = \"a\""), "The grammar is wrong in line 1: '::=' is expected after 'root'.");
  EXPECT_EQ(message("root ::= \"a\" )"), "The grammar is wrong in line 1: ')' is not expected here.");
  EXPECT_EQ(message("root ::= \"a\"\nroot ::= \"b\""),
            "The grammar is wrong in line 2: the rule 'root' is defined twice.");
  EXPECT_EQ(message("root ::= list\nlist ::= list \"x\" | \"x\""),
            "The rule 'list' can begin with itself (left recursion), which is not supported.");
  EXPECT_EQ(message("root ::= a\na ::= b? c\nb ::= \"x\"\nc ::= \"\" root"),
            "The constraint allows no text at all.");
  EXPECT_EQ(message("root ::= a\na ::= b? c\nb ::= \"x\"\nc ::= root | \"y\""),
            "The rule 'c' can begin with itself (left recursion), which is not supported.");
}

TEST(RegularExpression, Texts) {
  const std::vector<Notation> tests = {
      {"a|bc?", {"a", "b", "bc"}, {"", "ac", "abc"}},
      {"^a+?b{2}(?:c|d)*$", {"abb", "aabbcdc"}, {"bb", "ab", "abbe"}},
      {"[^\\d\\s]{1,3}-\\w\\W\\S\\D", {"a-b.cd", "\u00e9\u00e9\u00e9-_!xx"}, {"1-b.cd", "a-b.c1"}},
      {".", {"x", "\u00e9", "\U0001F600", "\t"}, {"", "\n", "xx"}},
      {"\\x41\\u00e9\\u{1F600}\\ud83d\\ude00\\.\\/\\-", {"A\u00e9\U0001F600\U0001F600./-"}, {"A"}},
      {"(?<year>\\d{4})-\\d\\d", {"2024-01"}, {"24-01"}},
      {"[a\\]\\-z-]+", {"a]-z"}, {"b"}},
      {"a{,2}", {"a{,2}"}, {"a", "aa"}},
      {"(a*)*b|(a|aa)+c", {"b", "aaab", "aaaac"}, {"aaaa", "c"}},
      {"(x?){3,5}y", {"y", "xy", "xxxxxy"}, {"xxxxxxy"}},
      {"[\\s\\S]*", {"", "a\n\U0001F600"}, {}},
  };
  for (const Notation& test : tests) expect_texts(*compile_regex(test.source, tiny_tokenizer()), test);
}

TEST(RegularExpression, RefusalsNameTheCharacter) {
  const auto message = [](const std::string& source) {
    return refusal_of([&] { compile_regex(source, tiny_tokenizer()); });
  };
  EXPECT_EQ(message("a(b"), "The pattern is not supported at character 4: '(' has no ')'.");
  EXPECT_EQ(message("a)b"), "The pattern is not supported at character 2: ')' has no '('.");
  EXPECT_EQ(message("*"), "The pattern is not supported at character 1: there is nothing to repeat.");
  EXPECT_EQ(message("(a)\\1"), "The pattern is not supported at character 5: '\\1' is not supported.");
  EXPECT_EQ(message("a\\b"), "The pattern is not supported at character 3: '\\b' is not supported.");
  EXPECT_EQ(message("[b-a]"),
            "The pattern is not supported at character 5: a range of characters is in the wrong order.");
  EXPECT_EQ(
      message("a(^b)"),
      "The pattern is not supported at character 3: '^' and '$' may stand at the ends of the pattern only.");
  EXPECT_EQ(
      message("a{3,2}"),
      "The pattern is not supported at character 7: the counts of a repetition are in the wrong order.");
  EXPECT_EQ(message("[^\\s\\S]"), "The constraint allows no text at all.");
}

}  // namespace
}  // namespace axllama::text
