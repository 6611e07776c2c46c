// `axllama launch` as a user types it, with programs on PATH that write down how they were started.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"
#include "tests/support/terminal.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using testing::CommandResult;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_command;

class Launch : public ::testing::Test {
 protected:
  // Nothing is fetched from outside: the way there leads to a port where nobody listens.
  static void SetUpTestSuite() {
    server_ = std::make_unique<testing::ServerProcess>(
        std::vector<std::string>{}, testing::Environment{{"HTTPS_PROXY", "http://127.0.0.1:1"}});
  }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override { fs::create_directory(programs()); }

  fs::path home() const { return folder_.path(); }
  fs::path programs() const { return folder_.path() / "bin"; }

  /// A program that prints its arguments, one a line, and then those of its variables that matter.
  void install(const std::string& name) const {
    const fs::path file = programs() / name;
    std::ofstream(file) << "#!/bin/sh\nfor word in \"$@\"; do echo \"<$word>\"; done\n"
                           "env | grep -E '^(ANTHROPIC|CLAUDE|OPENAI|OPENCODE|COPILOT)' | sort\nexit 7\n";
    fs::permissions(file, fs::perms::owner_all);
  }

  testing::Environment environment() const {
    return {{"OLLAMA_HOST", server_->host()},
            {"HOME", home()},
            {"PATH", programs().string() + ":/usr/bin:/bin"},
            {"TERM", "dumb"},
            {"ANTHROPIC_API_KEY", "secret"},
            {"CLAUDE_CODE_USE_BEDROCK", "1"}};
  }

  CommandResult launch(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {testing::axllama_program(), "launch"});
    return run_command(arguments, environment());
  }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((home() / file).parent_path());
    std::ofstream(home() / file) << text;
  }

  testing::TemporaryFolder folder_;
  static std::unique_ptr<testing::ServerProcess> server_;
};

std::unique_ptr<testing::ServerProcess> Launch::server_;

TEST_F(Launch, StartsTheClientWithItsEnvironmentArgumentsAndStatus) {
  install("claude");
  const CommandResult result = launch({"claude", "--model", "axllama-tiny", "--", "-p", "list", "two words"});
  EXPECT_EQ(result.status, 7) << result.err;
  EXPECT_THAT(result.out, HasSubstr("<--model>\n<axllama-tiny>\n<-p>\n<list>\n<two words>\n"));
  EXPECT_THAT(result.out, HasSubstr("ANTHROPIC_BASE_URL=http://" + server_->host() + "\n"));
  EXPECT_THAT(result.out, HasSubstr("ANTHROPIC_API_KEY=\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("BEDROCK")));
  EXPECT_THAT(result.err, HasSubstr("has a context of 2048 tokens"));
}

TEST_F(Launch, TheOnlyModelIsTakenAndTheLastOneRemembered) {
  install("opencode");
  EXPECT_THAT(launch({"opencode"}).out, HasSubstr(R"("model":"axllama/axllama-tiny:latest")"));
  ASSERT_EQ(launch({"opencode", "--model", "axllama-tiny"}).status, 7);
  EXPECT_THAT(launch({"opencode"}).out, HasSubstr(R"("model":"axllama/axllama-tiny")"));
}

TEST_F(Launch, WithoutAnIntegrationThoseThereAreAreListed) {
  install("codex");
  const CommandResult result = launch({});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr((programs() / "codex").string()));
  EXPECT_THAT(result.out, HasSubstr("no: npm install -g cline"));
  EXPECT_EQ(launch({"--yes"}).status, 1);
}

TEST_F(Launch, WhatCannotBeStartedIsSaid) {
  const CommandResult unknown = launch({"emacs"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("unknown integration 'emacs'; there are claude, cline, codex"));
  const CommandResult missing = launch({"codex"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.err, HasSubstr("Codex is not installed: there is no program 'codex' on PATH"));
  EXPECT_THAT(missing.err, HasSubstr("npm install -g @openai/codex"));
  install("codex");
  EXPECT_THAT(launch({"codex", "--model", "///"}).err, HasSubstr("invalid model name"));
}

TEST_F(Launch, ConfigPrintsWhatAShellNeedsAndStartsNothing) {
  const CommandResult result = launch({"codex", "--config", "--model", "axllama-tiny", "--", "it's"});
  EXPECT_EQ(result.status, 0) << result.err;
  install("codex");
  const CommandResult run = run_command({"sh", "-c", result.out}, environment());
  EXPECT_EQ(run.status, 7);
  EXPECT_THAT(run.out, HasSubstr("<model_providers.axllama.base_url=\"http://" + server_->host() + "/v1\">"));
  EXPECT_THAT(run.out, HasSubstr("<-m>\n<axllama-tiny>\n<it's>\n"));
}

TEST_F(Launch, FilesAreChangedOnlyWhenAllowedAndCanBePutBack) {
  install("droid");
  const std::string before = R"({"customModels": [{"model": "mine", "apiKey": "k"}], "sound": true})";
  const fs::path settings = ".factory/settings.json";
  write(settings, before);
  const CommandResult refused = launch({"droid", "--model", "axllama-tiny"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("say --yes to have that changed"));
  EXPECT_EQ(testing::read_json(home() / settings), nlohmann::json::parse(before));

  ASSERT_EQ(launch({"droid", "--model", "axllama-tiny", "--yes"}).status, 7);
  const nlohmann::json changed = testing::read_json(home() / settings);
  EXPECT_EQ(changed["sound"], true);
  ASSERT_EQ(changed["customModels"].size(), 2U);
  EXPECT_EQ(changed["customModels"][0]["model"], "mine");
  EXPECT_EQ(changed["customModels"][1]["baseUrl"], "http://" + server_->host() + "/v1");
  EXPECT_EQ(launch({"droid"}).status, 7);  // all is as it should be: nothing to allow

  const CommandResult restored = launch({"droid", "--restore"});
  EXPECT_EQ(restored.status, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("is what it was before"));
  EXPECT_EQ(testing::read_json(home() / settings), nlohmann::json::parse(before));
}

TEST_F(Launch, SettingsWithCommentsAreLeftAlone) {
  const std::string before = "{\n  // mine\n  \"providers\": {}\n}\n";
  write(".pi/agent/models.json", before);
  install("pi");
  const CommandResult result = launch({"pi", "--model", "axllama-tiny", "--yes"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("is not plain JSON"));
  EXPECT_THAT(result.err, HasSubstr("By hand, Pi takes the address http://" + server_->host() + "/v1"));
  std::ifstream file(home() / ".pi/agent/models.json");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), before);
}

TEST_F(Launch, OnATerminalItAsks) {
  install("cline");
  testing::TerminalProcess terminal(
      {testing::axllama_program(), "launch", "cline", "--model", "axllama-tiny"}, environment());
  ASSERT_TRUE(terminal.shows("A copy is kept. [Y/n]")) << terminal.output();
  terminal.type("n\r");
  EXPECT_EQ(terminal.wait(), 1);
  EXPECT_FALSE(fs::exists(home() / ".cline/data/globalState.json"));
}

}  // namespace
}  // namespace axllama
