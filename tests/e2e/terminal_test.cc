// What a user at a terminal sees while a model answers, loads or is made, and what Ctrl-C does.
#include "tests/support/terminal.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/paths.h"
#include "tests/support/process.h"
#include "tests/support/script.h"

namespace axllama {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kColour = "\x1b\\[[0-9;]*m";

/// A server whose software card has these settings, and a home of one's own.
class AtATerminal : public ::testing::Test {
 protected:
  void serve(const json& card) {
    const auto config = folder_.path() / "card.json";
    std::ofstream(config) << card;
    server_.emplace(std::vector<std::string>{"--drain", "0", "--no-speculation"},
                    testing::Environment{{"AXLLAMA_SOFTCARD_CONFIG", config.string()}});
  }
  /// Each answer is this text, then it ends.
  void serve_answer(const std::string& text, int delay_ms = 0) {
    json steps = testing::script_steps(text, delay_ms);
    steps.push_back(testing::kBundledEnd);
    serve({{"script", testing::script_of(steps)}});
  }

  testing::Environment environment(const std::string& no_color = "") const {
    return {{"OLLAMA_HOST", server_->host()},
            {"HOME", folder_.path()},
            {"TERM", "xterm"},
            {"NO_COLOR", no_color}};
  }
  static std::vector<std::string> command(std::vector<std::string> words) {
    words.insert(words.begin(), testing::axllama_program());
    return words;
  }
  /// All that a command shows on a terminal of 100 columns.
  std::string shown(const std::vector<std::string>& words, const std::string& no_color = "") const {
    testing::TerminalProcess terminal(command(words), environment(no_color));
    EXPECT_EQ(terminal.wait(), 0) << terminal.output();
    return terminal.output();
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name) << text;
    return folder_.path() / name;
  }

  testing::TemporaryFolder folder_;
  std::optional<testing::ServerProcess> server_;
};

/// An answer that would take longer than anybody waits here.
std::string endless() {
  std::string text;
  for (int i = 0; i < 400; ++i) text += std::to_string(i) + " ";
  return text;
}
constexpr int kSlowMs = 50;

TEST_F(AtATerminal, CtrlCStopsTheAnswerAndNotTheProgram) {
  serve_answer(endless(), kSlowMs);
  testing::TerminalProcess terminal(command({"run", "axllama-tiny"}), environment());
  ASSERT_TRUE(terminal.shows("Send a message")) << terminal.output();
  for (const char* message : {"Count!\r", "Again!\r"}) {
    terminal.type(message);
    ASSERT_TRUE(terminal.shows("0 1 2 3 ")) << terminal.output();
    terminal.type("\x03");
    ASSERT_TRUE(terminal.shows("Send a message")) << terminal.output();
  }
  EXPECT_THAT(terminal.output(), Not(HasSubstr("399")));
  terminal.type("/bye\r");
  EXPECT_EQ(terminal.wait(), 0) << terminal.output();
}

TEST_F(AtATerminal, AnAnswerToOnePromptThatIsInterruptedHasStatus130) {
  serve_answer(endless(), kSlowMs);
  const auto log = folder_.path() / "answer";
  testing::ChildProcess run(command({"run", "axllama-tiny", "Count!"}), environment(), log);
  const auto text = [&log] {
    std::ifstream file(log);
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  while (text().find("0 1 2 3 ") == std::string::npos && run.running()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  run.signal(SIGINT);
  EXPECT_EQ(run.wait(std::chrono::seconds(30)), 130);
  EXPECT_THAT(text(), Not(HasSubstr("399")));
}

TEST_F(AtATerminal, ThinkingIsGreyUnlessColoursAreUnwanted) {
  serve_answer("<think>hmm</think>Yes.");
  EXPECT_THAT(shown({"run", "axllama-tiny", "Well?"}),
              HasSubstr("\x1b[38;5;245mThinking...\r\nhmm\r\n...done thinking.\r\n\r\n\x1b[0mYes.\r\n"));
  const std::string plain = shown({"run", "axllama-tiny", "Well?"}, "1");
  EXPECT_THAT(plain, HasSubstr("Thinking...\r\nhmm\r\n...done thinking.\r\n\r\nYes.\r\n"));
  EXPECT_THAT(plain, Not(ContainsRegex(kColour)));
  const std::string hidden = shown({"run", "axllama-tiny", "--hidethinking", "Well?"});
  EXPECT_THAT(hidden, HasSubstr("Yes.\r\n"));
  EXPECT_THAT(hidden, Not(HasSubstr("hinking")));
  EXPECT_THAT(hidden, Not(HasSubstr("hmm")));
  EXPECT_THAT(hidden, Not(ContainsRegex(kColour)));
}

TEST_F(AtATerminal, WordsAreWrappedUnlessUnwanted) {
  const std::string answer =
      "Of the abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZzyxwvutsrqponmlkjihgfed"
      " that anybody knows this is the longest.";
  serve_answer(answer);
  EXPECT_THAT(shown({"run", "axllama-tiny", "--nowordwrap", "Well?"}), HasSubstr(answer));
  const std::string wrapped = shown({"run", "axllama-tiny", "Well?"});
  EXPECT_THAT(wrapped, HasSubstr("that an\x1b[2D\x1b[K\r\nanybody knows")) << "moved with its word";
}

TEST_F(AtATerminal, LoadingIsABarOfLayers) {
  serve({{"timing", {{"load_mb_per_s", 2}}}});
  EXPECT_THAT(shown({"run", "axllama-tiny", "Hello!"}),
              ContainsRegex("\r\x1b\\[Kloading: +[0-9]+% ▕[█ ]+▏ +[0-9]+/[0-9]+ layers"));
}

TEST_F(AtATerminal, MakingAModelIsASpinnerABarOfEachFileAndSuccess) {
  serve(json::object());
  const std::string modelfile = write("Modelfile", "FROM " AXLLAMA_SOURCE_DIR "/models/tiny\n");
  const std::string text = shown({"create", "made", "-f", modelfile});
  EXPECT_THAT(text, ContainsRegex("copying file config.json: 100% ▕(█)+▏ +[0-9]+ B\r\n"));
  EXPECT_THAT(text, ContainsRegex("converting model: 100% ▕(█)+▏ [0-9]+ files\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\x1b[Kwriting manifest ⠋"));
  EXPECT_THAT(text, HasSubstr("\r\x1b[Kwriting manifest\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\x1b[Ksuccess\r\n"));
}

}  // namespace
}  // namespace axllama
