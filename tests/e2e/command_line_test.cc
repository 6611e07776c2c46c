// The command line as a user types it, against a running server with the bundled model.
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace axllama {
namespace {

using testing::CommandResult;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_command;

class CommandLine : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<testing::ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }

  static CommandResult axllama(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), testing::axllama_program());
    return run_command(arguments, {{"OLLAMA_HOST", server_->host()}}, input);
  }

  static std::unique_ptr<testing::ServerProcess> server_;
};

std::unique_ptr<testing::ServerProcess> CommandLine::server_;

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

TEST_F(CommandLine, HelpAndVersionEverywhere) {
  for (const char* command : {"serve", "run", "list", "ps", "show", "bench", "compile"}) {
    const CommandResult help = axllama({command, "--help"});
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("--help")) << command;
    EXPECT_THAT(axllama({command, "--version"}).out, HasSubstr("axllama version")) << command;
  }
  EXPECT_EQ(axllama({"--help"}).status, 0);
  EXPECT_THAT(axllama({"no-such-command"}).status, Not(0));
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
