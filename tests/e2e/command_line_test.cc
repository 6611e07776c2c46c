// The command line as a user types it, against a running server with the bundled model.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"
#include "tests/support/terminal.h"

namespace axllama {
namespace {

using testing::CommandResult;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_command;

class CommandLine : public ::testing::Test {
 protected:
  // Nothing is fetched from outside: the way there leads to a port where nobody listens.
  static void SetUpTestSuite() {
    server_ = std::make_unique<testing::ServerProcess>(
        std::vector<std::string>{}, testing::Environment{{"HTTPS_PROXY", "http://127.0.0.1:1"}});
    home_ = std::make_unique<testing::TemporaryFolder>();
  }
  static void TearDownTestSuite() {
    server_.reset();
    home_.reset();
  }

  static CommandResult axllama(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), testing::axllama_program());
    return run_command(arguments, {{"OLLAMA_HOST", server_->host()}}, input);
  }

  /// A conversation on a terminal: `script` is the terminal, `keys` what is typed.
  static std::string conversation(const std::string& keys, const testing::Environment& more = {}) {
    testing::Environment environment{
        {"OLLAMA_HOST", server_->host()}, {"HOME", home_->path()}, {"TERM", "dumb"}};
    environment.insert(more.begin(), more.end());
    const CommandResult result = run_command(
        {"script", "-qec", testing::emulated_in_shell({testing::axllama_program(), "run", "axllama-tiny"}),
         (home_->path() / "typescript").string()},
        environment, keys);
    EXPECT_EQ(result.status, 0) << result.out << result.err;
    return result.out;
  }

  static std::string write(const std::string& name, const std::string& text) {
    std::ofstream(home_->path() / name) << text;
    return home_->path() / name;
  }

  /// As the program itself lists them for shells.
  static std::vector<std::string> all_commands() {
    const std::string script = axllama({"completion", "bash"}).out;
    const std::string_view opening = "compgen -W '";
    const auto begin = script.find(opening) + opening.size();
    std::istringstream words(script.substr(begin, script.find(" --help", begin) - begin));
    return {std::istream_iterator<std::string>(words), {}};
  }

  static std::unique_ptr<testing::ServerProcess> server_;
  static std::unique_ptr<testing::TemporaryFolder> home_;
};

std::unique_ptr<testing::ServerProcess> CommandLine::server_;
std::unique_ptr<testing::TemporaryFolder> CommandLine::home_;

TEST_F(CommandLine, RunAnswersAPrompt) {
  const CommandResult result = axllama({"run", "axllama-tiny", "What is 2+2?"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("4"));
}

TEST_F(CommandLine, RunTakesThePromptFromAPipe) {
  const CommandResult result = axllama({"run", "axllama-tiny"}, "What is the capital of France?");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Paris"));
}

TEST_F(CommandLine, VerboseShowsTheStatistics) {
  const CommandResult result = axllama({"run", "axllama-tiny", "--verbose", "Hello!"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("eval rate:"));
  EXPECT_THAT(result.err, HasSubstr("tokens/s"));
}

TEST_F(CommandLine, RunOfAnUnknownModelFailsWithASentence) {
  const CommandResult result = axllama({"run", "no-such-model", "Hello!"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("model 'no-such-model' not found"));
  EXPECT_EQ(result.out, "");
}

TEST_F(CommandLine, ListShowsTheBundledModel) {
  const CommandResult result = axllama({"list"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("NAME"));
  EXPECT_THAT(result.out, HasSubstr("axllama-tiny:latest"));
}

TEST_F(CommandLine, PsShowsTheModelOnceItIsLoaded) {
  ASSERT_EQ(axllama({"run", "axllama-tiny", "Hello!"}).status, 0);
  const CommandResult result = axllama({"ps"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("axllama-tiny:latest"));
  EXPECT_THAT(result.out, HasSubstr("2048"));
  EXPECT_THAT(result.out, HasSubstr("from now"));
}

TEST_F(CommandLine, ShowDescribesTheModel) {
  const CommandResult result = axllama({"show", "axllama-tiny"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("qwen3"));
  EXPECT_THAT(result.out, HasSubstr("2048"));
  EXPECT_THAT(axllama({"show", "axllama-tiny", "--template"}).out, HasSubstr("<|im_start|>"));
}

TEST_F(CommandLine, ThePromptIsWhatIsPipedInAndThenTheArguments) {
  const CommandResult result = axllama({"run", "axllama-tiny", "capital", "of", "France?"}, "What is the\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_FALSE(result.out.empty());
  EXPECT_EQ(axllama({"run", "axllama-tiny"}).status, 1);  // no prompt and no terminal
}

TEST_F(CommandLine, FormatsAreJsonOrASchema) {
  const std::string schema = R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],)"
                             R"("additionalProperties":false})";
  for (const std::string& format : {schema, write("schema.json", schema)}) {
    const CommandResult result =
        axllama({"run", "axllama-tiny", "--think=false", "--format", format, "What is 2+2?"});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(nlohmann::json::parse(result.out).at("n").is_number_integer()) << result.out;
  }
  const CommandResult refused = axllama({"run", "axllama-tiny", "--format", "yaml", "Hello!"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("the format 'yaml' is neither json"));
}

TEST_F(CommandLine, ThinkingTakesItsLevelOnlyAfterAnEqualsSign) {
  EXPECT_EQ(axllama({"run", "--think=false", "axllama-tiny", "Hello!"}).status, 0);
  const CommandResult result = axllama({"run", "--think", "axllama-tiny", "Hello!"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(axllama({"run", "axllama-tiny", "--think=hard", "Hello!"}).err, HasSubstr("not 'hard'"));
}

TEST_F(CommandLine, PicturesAreRefusedByModelsThatCannotSee) {
  const std::string picture = write("cat.png", "pixel");
  const CommandResult result = axllama({"run", "axllama-tiny", "What is on " + picture + " ?"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("'axllama-tiny' reads text only and cannot look at " + picture));
}

TEST_F(CommandLine, StopTakesAModelOffTheCard) {
  ASSERT_EQ(axllama({"run", "axllama-tiny", "Hello!"}).status, 0);
  const CommandResult stopped = axllama({"stop", "axllama-tiny"});
  EXPECT_EQ(stopped.status, 0) << stopped.err;
  EXPECT_EQ(stopped.out + stopped.err, "");
  EXPECT_THAT(axllama({"ps"}).out, Not(HasSubstr("from now")));
  const CommandResult missing = axllama({"stop", "no-such-model"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(missing.err, "Error: couldn't find model \"no-such-model\" to stop\n");
}

TEST_F(CommandLine, KeepAliveZeroLeavesTheCardEmpty) {
  ASSERT_EQ(axllama({"run", "axllama-tiny", "--keepalive", "0s", "Hello!"}).status, 0);
  EXPECT_THAT(axllama({"ps"}).out, Not(HasSubstr("from now")));
}

TEST_F(CommandLine, ListsTakeAPrefix) {
  EXPECT_THAT(axllama({"list", "AXLLAMA"}).out, HasSubstr("axllama-tiny:latest"));
  EXPECT_THAT(axllama({"list", "zzz"}).out, Not(HasSubstr("axllama-tiny")));
}

TEST_F(CommandLine, ShowTakesOnePartOrEverything) {
  const std::string everything = axllama({"show", "-v", "axllama-tiny"}).out;
  EXPECT_THAT(everything, HasSubstr("qwen3.block_count"));
  EXPECT_THAT(everything, HasSubstr("blk.0.q_proj"));
  const CommandResult two = axllama({"show", "axllama-tiny", "--system", "--license"});
  EXPECT_EQ(two.status, 1);
  EXPECT_THAT(two.err, HasSubstr("only one of '--license'"));
}

TEST_F(CommandLine, TopIsOnePictureWhenNotOnATerminal) {
  ASSERT_EQ(axllama({"run", "axllama-tiny", "Hello!"}).status, 0);
  const CommandResult result = axllama({"top"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("1 model loaded"));
  EXPECT_THAT(result.out, HasSubstr("axllama-tiny:latest"));
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
}

TEST_F(CommandLine, CompletionKnowsCommandsAndModels) {
  const std::string script = write("completion.bash", axllama({"completion", "bash"}).out);
  const std::string complete = "axllama() { " + testing::emulated_in_shell({testing::axllama_program()}) +
                               " \"$@\"; }; source " + script +
                               "; COMP_WORDS=(axllama $1 $2); COMP_CWORD=${#COMP_WORDS[@]}; "
                               "((COMP_CWORD -= 1)); COMP_LINE=\"axllama $1 $2\"; COMP_POINT=${#COMP_LINE}; "
                               "_axllama; echo \"${COMPREPLY[@]}\"";
  const auto completed = [&](const char* first, const char* second) {
    return run_command({"bash", "-c", complete, "bash", first, second}, {{"OLLAMA_HOST", server_->host()}})
        .out;
  };
  EXPECT_EQ(completed("comp", ""), "compile completion\n");
  EXPECT_EQ(completed("run", "--ke"), "--keepalive\n");
  EXPECT_EQ(completed("stop", "axllama-t"), "axllama-tiny:latest\n");
  EXPECT_EQ(completed("launch", "co"), "codex copilot\n");
  EXPECT_EQ(completed("completion", "z"), "zsh\n");
  EXPECT_EQ(axllama({"completion", "tcsh"}).status, 1);
}

TEST_F(CommandLine, AConversationIsSetShownSavedAndLoaded) {
  const std::string text = conversation(
      "/set parameter temperature 0\n/set parameter top_k many\n/set system \"\"\"Be brief.\nBe kind.\"\"\"\n"
      "What is the capital of France?\n/show parameters\n/show system\n/save talk\n/load talk\n/load "
      "nothing\n"
      "/clear\n/set format {broken\n/set format json\n/set noformat\n/set quiet\n/? save\n/nonsense\n/bye\n");
  EXPECT_THAT(text, HasSubstr("Set parameter 'temperature' to '0'"));
  EXPECT_THAT(text, HasSubstr("parameter 'top_k' must be a whole number, not 'many'"));
  EXPECT_THAT(text, HasSubstr("Set system message."));
  EXPECT_THAT(text, HasSubstr("Paris"));
  EXPECT_THAT(text, HasSubstr("User defined parameters:"));
  EXPECT_THAT(text, HasSubstr("Created new model 'talk'"));
  EXPECT_THAT(text, HasSubstr("Loading model 'talk'"));
  EXPECT_THAT(text, HasSubstr(">>> What is the capital of France?\r\n"));  // the stored conversation
  EXPECT_THAT(text, HasSubstr("Couldn't find model 'nothing'"));
  EXPECT_THAT(text, HasSubstr("Cleared session context"));
  EXPECT_THAT(text, HasSubstr("is not a JSON schema"));
  EXPECT_THAT(text, HasSubstr("Set format to 'json' mode."));
  EXPECT_THAT(text, HasSubstr("/save <model>"));
  EXPECT_THAT(text, HasSubstr("Unknown command '/nonsense'"));
  EXPECT_THAT(axllama({"show", "talk", "--system"}).out, HasSubstr("Be brief.\nBe kind."));
  EXPECT_EQ(axllama({"rm", "talk"}).status, 0);
}

TEST_F(CommandLine, HistoryIsKeptUnlessTurnedOff) {
  std::filesystem::remove_all(home_->path() / ".ollama");
  conversation("/set nohistory\n/clear\n/bye\n");
  const auto lines = [] {
    std::ifstream file(home_->path() / ".ollama" / "history");
    return std::string{std::istreambuf_iterator<char>(file), {}};
  };
  EXPECT_THAT(lines(), Not(HasSubstr("clear")));
  conversation("/set quiet\n/bye\n");
  EXPECT_THAT(lines(), HasSubstr("quiet"));
  conversation("/set verbose\n/bye\n", {{"OLLAMA_NOHISTORY", "1"}});
  EXPECT_THAT(lines(), Not(HasSubstr("verbose")));
}

TEST_F(CommandLine, AloneOffersWhatThereIs) {
  const auto alone = [](const std::string& host) {
    return testing::TerminalProcess(
        {testing::axllama_program()},
        {{"OLLAMA_HOST", host}, {"HOME", home_->path()}, {"PATH", "/nowhere"}, {"TERM", "xterm"}});
  };
  auto terminal = alone(server_->host());
  ASSERT_TRUE(terminal.shows("2  Show all commands\r\nWhat next? [1]: ")) << terminal.output();
  EXPECT_THAT(terminal.output(), HasSubstr("1  Talk to axllama-tiny:latest\r\n"));
  terminal.type("\r");
  EXPECT_TRUE(terminal.shows("Send a message (/? for help)")) << terminal.output();
  terminal.type("/bye\r");
  auto wrong = alone(server_->host());
  ASSERT_TRUE(wrong.shows("What next?"));
  wrong.type("9\r");
  EXPECT_TRUE(wrong.shows("Error: there is no '9' in the list")) << wrong.output();
  EXPECT_TRUE(alone("127.0.0.1:1").shows("completion")) << "without a server the commands are listed";
  EXPECT_THAT(axllama({}).out, HasSubstr("completion")) << "and without a terminal";
}

TEST_F(CommandLine, ATerminalIsEditedKeyByKey) {
  const std::string editor = write("editor.sh", "printf '/set verb%s' ose > \"$1\"\n");
  testing::TerminalProcess terminal({testing::axllama_program(), "run", "axllama-tiny"},
                                    {{"OLLAMA_HOST", server_->host()},
                                     {"HOME", home_->path()},
                                     {"TERM", "xterm"},
                                     {"NO_COLOR", ""},
                                     {"OLLAMA_EDITOR", "sh " + editor}});
  // Before its prompt is shown the terminal itself understands some keys.
  const auto is_asked = [&terminal] { return terminal.shows("Send a message (/? for help)"); };
  ASSERT_TRUE(is_asked()) << terminal.output();
  terminal.type("/xet quiet\x01\x1b[C\x1b[3~s\r");
  EXPECT_TRUE(terminal.shows("Set 'quiet' mode.")) << terminal.output();
  EXPECT_TRUE(is_asked()) << terminal.output();
  terminal.type("/set system \"\"\"Be brief.\nBe kind.\"\"\"\r");  // Ctrl+J within the message
  EXPECT_TRUE(terminal.shows("Set system message.")) << terminal.output();
  EXPECT_TRUE(is_asked()) << terminal.output();
  terminal.type("\x1b[200~/set nowordwrap\x1b[201~\r");
  EXPECT_TRUE(terminal.shows("Set 'nowordwrap' mode.")) << terminal.output();
  EXPECT_TRUE(is_asked()) << terminal.output();
  terminal.type("\x12quiet\r");  // found in the history
  EXPECT_TRUE(terminal.shows("Set 'quiet' mode.")) << terminal.output();
  EXPECT_TRUE(is_asked()) << terminal.output();
  terminal.type("\x07");
  EXPECT_TRUE(terminal.shows("/set verbose")) << terminal.output();
  terminal.type("\r");
  EXPECT_TRUE(terminal.shows("Set 'verbose' mode.")) << terminal.output();
  EXPECT_TRUE(is_asked()) << terminal.output();
  terminal.type("/show system\r");
  EXPECT_TRUE(terminal.shows("Be brief.\r\nBe kind.")) << terminal.output();
  EXPECT_TRUE(is_asked()) << terminal.output();
  terminal.type("half a message\x03");
  EXPECT_TRUE(terminal.shows("Use Ctrl + d or /bye to exit.")) << terminal.output();
  EXPECT_TRUE(is_asked()) << terminal.output();
  terminal.type("What is 2+2?\r");
  EXPECT_TRUE(terminal.shows("eval rate:")) << terminal.output();
  EXPECT_TRUE(is_asked()) << terminal.output();
  terminal.type("\x04");
  EXPECT_EQ(terminal.wait(), 0) << terminal.output();
}

TEST_F(CommandLine, MisuseFailsWithASentence) {
  const CommandResult unknown = axllama({"no-such-command"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("Error: unknown command \"no-such-command\" for \"axllama\""));
  EXPECT_EQ(axllama({"run"}).status, 1);
  EXPECT_EQ(axllama({"ps", "--nonsense"}).status, 1);
}

TEST_F(CommandLine, AliasesAreTheCommands) {
  EXPECT_THAT(axllama({"ls"}).out, HasSubstr("axllama-tiny:latest"));
  const testing::ServerProcess started({}, {}, {testing::axllama_program(), "start"});
  EXPECT_THAT(run_command({testing::axllama_program(), "ls"}, {{"OLLAMA_HOST", started.host()}}).out,
              HasSubstr("axllama-tiny:latest"));
}

TEST_F(CommandLine, ThereIsNoAccountToSignInTo) {
  for (const char* command : {"signin", "login"}) {
    const CommandResult result = axllama({command});
    EXPECT_EQ(result.status, 1) << command;
    EXPECT_EQ(result.err, "Error: the server at http://" + server_->host() +
                              " has no account to sign in to, and needs none\n");
    EXPECT_EQ(result.out, "");
  }
  for (const char* command : {"signout", "logout"}) {
    const CommandResult result = axllama({command});
    EXPECT_EQ(result.status, 0) << command << result.err;
    EXPECT_EQ(result.out, "You are signed out.\n");
  }
}

TEST_F(CommandLine, HelpAndVersionEverywhere) {
  const std::vector<std::string> commands = all_commands();
  EXPECT_THAT(commands, ::testing::IsSupersetOf({"serve", "run", "launch", "signin", "completion"}));
  for (const std::string& command : commands) {
    const CommandResult help = axllama({command, "--help"});
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("--help")) << command;
    EXPECT_THAT(axllama({command, "--version"}).out, HasSubstr("axllama version is ")) << command;
  }
  EXPECT_EQ(axllama({"--help"}).status, 0);
}

TEST(CommandLineAlone, TheVersionWithoutAServerIsThePrograms) {
  const CommandResult result =
      run_command({testing::axllama_program(), "--version"}, {{"OLLAMA_HOST", "127.0.0.1:1"}});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("Warning: could not connect to a running Ollama instance\n"));
  EXPECT_THAT(result.out, HasSubstr("Warning: client version is "));
}

TEST(CommandLineAlone, ASentenceWhenNoServerRuns) {
  const CommandResult result =
      run_command({testing::axllama_program(), "list"}, {{"OLLAMA_HOST", "127.0.0.1:1"}});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(result.err, HasSubstr("axllama serve"));
}

}  // namespace
}  // namespace axllama
