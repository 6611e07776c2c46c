// What `cmake --install` puts into a prefix is all that is needed to serve and to talk.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using testing::CommandResult;
using ::testing::HasSubstr;
using testing::run_command;

/// A prefix within the build folder, as only programs there are emulated where that is needed.
class Installed : public ::testing::Test {
 protected:
  void SetUp() override {
    const CommandResult installed =
        run_command({"cmake", "--install", testing::build_folder(), "--prefix", prefix_.path()});
    ASSERT_EQ(installed.status, 0) << installed.out << installed.err;
  }

  /// The installed program with no variables but PATH, HOME and `more` (and what sanitizers are told).
  std::vector<std::string> command(const std::vector<std::string>& words,
                                   std::vector<std::string> more = {}) {
    std::vector<std::string> line{"/usr/bin/env", "-i", "PATH=/usr/bin:/bin",
                                  "HOME=" + home_.path().string()};
    for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
      if (const char* value = std::getenv(name)) more.push_back(std::string(name) + "=" + value);
    }
    line.insert(line.end(), more.begin(), more.end());
    std::vector<std::string> program{prefix_.path() / "bin" / "axllama"};
    program.insert(program.end(), words.begin(), words.end());
    program = testing::emulated(program);
    line.insert(line.end(), program.begin(), program.end());
    return line;
  }

  testing::TemporaryFolder prefix_{testing::build_folder()};
  testing::TemporaryFolder home_;
};

TEST_F(Installed, ServesAndAnswersFromItsPrefixAlone) {
  testing::ServerProcess server({}, {}, command({"serve"}));
  const CommandResult result =
      run_command(command({"run", "axllama-tiny", "What is 2+2?"}, {"OLLAMA_HOST=" + server.host()}));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("4"));
  EXPECT_EQ(server.stop(), 0) << server.log();
  EXPECT_TRUE(fs::exists(prefix_.path() / "lib/axllama/softcard/libaxcl_rt.so"));
}

}  // namespace
}  // namespace axllama
