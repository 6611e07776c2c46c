// `./run`: the real script, with the program of this build where the release lies that it would build first.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/paths.h"
#include "tests/support/eventually.h"
#include "tests/support/free_port.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::CommandResult;
using ::testing::HasSubstr;
using ::testing::Not;

/// A checkout in which there is nothing to build.
class RunScript : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path source = AXLLAMA_SOURCE_DIR;
    fs::create_directory(checkout_.path() / "scripts");
    fs::copy(source / "run", checkout_.path());
    fs::copy(source / "scripts" / "packages.sh", checkout_.path() / "scripts");
    write_script("build/release/bin/axllama",
                 "exec " + testing::emulated_in_shell({testing::axllama_program()}) + " \"$@\"");
    write_script("scripts/build.sh", "echo \"Building ($1) ...\"");
  }

  void write_script(const fs::path& name, const std::string& line) {
    fs::permissions(checkout_.write(name, "#!/bin/sh\n" + line + "\n"), fs::perms::owner_all);
  }

  std::string script() const { return checkout_.path() / "run"; }

  /// What a user's shell would hand over; the store is never the user's.
  testing::Environment environment(const std::string& host) const {
    return {{"HOME", checkout_.path()},
            {"OLLAMA_MODELS", checkout_.path() / "store"},
            {"AXLLAMA_SOFTCARD_THREADS", "1"},
            {"OLLAMA_HOST", host}};
  }

  /// Whether a process started by the script still runs.
  bool anything_left() const {
    for (const auto& process : fs::directory_iterator("/proc")) {
      if (testing::read_file(process.path() / "environ").find(checkout_.path().string()) !=
          std::string::npos) {
        return true;
      }
    }
    return false;
  }

  testing::TemporaryFolder checkout_;
  const std::string nobody_ = "127.0.0.1:" + std::to_string(testing::free_port());
};

TEST_F(RunScript, AnswersAPromptAndEndsItsServer) {
  const CommandResult result = testing::run_command(
      {"/usr/bin/env", "--chdir=/", script(), "What", "is", "2+2?"}, environment(nobody_));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("4"));
  EXPECT_THAT(result.err, HasSubstr("Building (release) ..."));
  EXPECT_FALSE(anything_left());
}

TEST_F(RunScript, AsksAServerThatIsAlreadyRunning) {
  testing::ServerProcess server;
  const CommandResult result = testing::run_command({script(), "What is 2+2?"}, environment(server.host()));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("4"));
  EXPECT_EQ(server.stop(), 0);
  EXPECT_THAT(server.log(), HasSubstr("/api/generate"));
}

TEST_F(RunScript, ServesAfterOneAnswerUntilItIsStopped) {
  const fs::path log = checkout_.path() / "log";
  testing::ChildProcess run({script()}, environment(nobody_), log);
  ASSERT_TRUE(testing::eventually([&] {
    return testing::read_file(log).find("Serving on http://" + nobody_) != std::string::npos;
  })) << testing::read_file(log);
  EXPECT_THAT(testing::read_file(log), HasSubstr(">>> What is 2+2?\n"));
  EXPECT_THAT(testing::read_file(log), HasSubstr("= 4"));
  EXPECT_TRUE(anything_left());
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait(30s), std::optional(128 + SIGTERM)) << testing::read_file(log);
  EXPECT_FALSE(anything_left());
}

TEST_F(RunScript, SaysWhyItCannotServe) {
  testing::ServerProcess server;
  const CommandResult result = testing::run_command({script()}, environment(server.host()));
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr(server.host()));
  EXPECT_THAT(result.out, Not(HasSubstr("Serving on")));
}

TEST_F(RunScript, ExplainsItself) {
  const CommandResult result = testing::run_command({script(), "--help"});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("./run \"prompt\""));
}

}  // namespace
}  // namespace axllama
