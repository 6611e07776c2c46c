#include "text/thinking_parser.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace axllama::text {
namespace {

struct Case {
  std::string text;
  std::string thinking;
  std::string content;
  bool inside = false;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"", "", ""},
      {"hello", "", "hello"},
      {"  hello", "", "  hello"},
      {"<think>a b</think>c", "a b", "c"},
      {" \n<think>\n a\n\n b \n</think>\n\n c\n", "a\n\n b", "c\n"},
      {"<think>\n\n</think>\n\nc", "", "c"},
      {"<think></think>", "", ""},
      {"<think>never closed \n", "never closed", ""},
      {"<thin", "", "<thin"},
      {"<thinker>a", "", "<thinker>a"},
      {"a<think>b</think>", "", "a<think>b</think>"},
      {"<think>a </thin b</think> c</think>", "a </thin b", "c</think>"},
      {"<think>a</think", "a</think", ""},
      {"<think>a<think>b</think>c", "a<think>b", "c"},
      {"\n a\n</think>\nb", "a", "b", true},
      {"no closing", "no closing", "", true},
      {"<think>x</think>y", "<think>x", "y", true},
      {"<think>\u00e4\u4e16</think>\U0001F600", "\u00e4\u4e16", "\U0001F600"},
  };
  return kCases;
}

TEST(ThinkingParserTest, SplitsHoweverTheTextIsCut) {
  for (const Case& expected : cases()) {
    for (std::size_t step = 1; step <= expected.text.size() + 1; ++step) {
      ThinkingParser parser(expected.inside);
      ThinkingParser::Output all;
      for (std::size_t at = 0; at < expected.text.size(); at += step) {
        const auto part = parser.push(expected.text.substr(at, step));
        all.thinking += part.thinking;
        all.content += part.content;
      }
      const auto rest = parser.flush();
      EXPECT_EQ(all.thinking + rest.thinking, expected.thinking) << expected.text << " by " << step;
      EXPECT_EQ(all.content + rest.content, expected.content) << expected.text << " by " << step;
    }
  }
}

TEST(ThinkingParserTest, GivesOutWhatIsCertainAtOnce) {
  ThinkingParser parser;
  EXPECT_EQ(parser.push("<th").content, "");
  EXPECT_EQ(parser.push("ink>I add").thinking, "I add");
  EXPECT_FALSE(parser.thinking_done());
  EXPECT_EQ(parser.push(" two \n").thinking, " two");
  EXPECT_EQ(parser.push("more").thinking, " \nmore");
  EXPECT_EQ(parser.push("</thi").thinking, "");
  const auto closed = parser.push("nk>\n");
  EXPECT_EQ(closed.thinking, "");
  EXPECT_TRUE(parser.thinking_done());
  EXPECT_EQ(parser.push("\n4").content, "4");
  EXPECT_EQ(parser.push(" </think>").content, " </think>");
}

TEST(ThinkingParserTest, OtherTags) {
  ThinkingParser parser(false, {"[THINK]", "[/THINK]"});
  const auto output = parser.push("[THINK]a[/THINK]b");
  EXPECT_EQ(output.thinking, "a");
  EXPECT_EQ(output.content, "b");
}

TEST(ThinkingParserTest, InterruptionsEndThoughtsAndAreContent) {
  const std::string text = " <think>I shall <tool use it. \n<tool_call>\n{}</think>";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    ThinkingParser parser(false, {.interruptions = {"[CALL]", "<tool_call>"}});
    ThinkingParser::Output all;
    for (std::size_t at = 0; at < text.size(); at += step) {
      const auto part = parser.push(std::string_view(text).substr(at, step));
      all.thinking += part.thinking;
      all.content += part.content;
    }
    all.content += parser.flush().content;
    EXPECT_EQ(all.thinking, "I shall <tool use it.") << step;
    EXPECT_EQ(all.content, "<tool_call>\n{}</think>") << step;
  }
  ThinkingParser closed(false, {.interruptions = {"<tool_call>"}});
  const auto output = closed.push("<think>a</think><tool_call>");
  EXPECT_EQ(output.thinking, "a");
  EXPECT_EQ(output.content, "<tool_call>");
}

TEST(ThinkingParserTest, TimeIsLinearInTheWhiteSpaceHeldBack) {
  ThinkingParser parser(true);
  parser.push("a");
  for (int i = 0; i < 20'000; ++i) {
    EXPECT_EQ(parser.push(" ").thinking, "");
  }
  EXPECT_EQ(parser.push("b").thinking.size(), 20'001U);
}

}  // namespace
}  // namespace axllama::text
