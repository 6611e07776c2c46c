#include "cli/repl_command.h"

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

TEST(ReplCommand, PathsAreNotCommands) {
  EXPECT_TRUE(is_repl_command("/set system Be brief."));
  EXPECT_TRUE(is_repl_command("/?"));
  EXPECT_TRUE(is_repl_command("/bye"));
  EXPECT_FALSE(is_repl_command("/home/ada/cat.png what is this?"));
  EXPECT_FALSE(is_repl_command("hello"));
  EXPECT_FALSE(is_repl_command(""));
}

TEST(ReplCommand, SplitsWordsAndKeepsTheRestAsTyped) {
  const ReplCommand command = parse_repl_command("/set system  You   are terse. ");
  EXPECT_EQ(command.name, "set");
  EXPECT_EQ(command.arguments, (std::vector<std::string>{"system", "You", "are", "terse."}));
  EXPECT_EQ(command.rest, "You   are terse.");
  EXPECT_TRUE(parse_repl_command("/clear").arguments.empty());
  EXPECT_EQ(parse_repl_command("/set set x").rest, "x");
}

TEST(MessageReader, OneLineIsAMessage) {
  MessageReader reader;
  EXPECT_TRUE(reader.push("hello"));
  EXPECT_EQ(reader.take(), "hello");
}

TEST(MessageReader, FencedTextSpansLines) {
  MessageReader reader;
  EXPECT_FALSE(reader.push("\"\"\"first"));
  EXPECT_TRUE(reader.continuing());
  EXPECT_FALSE(reader.push("second"));
  EXPECT_TRUE(reader.push("third\"\"\""));
  EXPECT_EQ(reader.take(), "first\nsecond\nthird");
  EXPECT_FALSE(reader.continuing());
  EXPECT_TRUE(reader.push("\"\"\"on one line\"\"\""));
  EXPECT_EQ(reader.take(), "on one line");
}

TEST(MessageReader, ASystemMessageSpansLines) {
  MessageReader reader;
  EXPECT_FALSE(reader.push("/set system \"\"\"Be brief."));
  EXPECT_TRUE(reader.push("Be kind.\"\"\""));
  EXPECT_EQ(parse_repl_command(reader.take()).rest, "Be brief.\nBe kind.");
  EXPECT_TRUE(reader.push("/set system Be brief."));
  EXPECT_EQ(reader.take(), "/set system Be brief.");
}

TEST(MessageReader, ResetForgetsAnUnfinishedMessage) {
  MessageReader reader;
  EXPECT_FALSE(reader.push("\"\"\"unfinished"));
  reader.reset();
  EXPECT_TRUE(reader.push("new"));
  EXPECT_EQ(reader.take(), "new");
}

}  // namespace
}  // namespace axllama::cli
