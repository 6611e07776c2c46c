#include "cli/environment.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

class Environment : public ::testing::Test {
 protected:
  void TearDown() override {
    ::unsetenv("AXLLAMA_CLI_TEST");
    ::unsetenv("OLLAMA_CLI_TEST");
  }
};

TEST_F(Environment, OurNameWinsAndQuotesAreDropped) {
  EXPECT_EQ(setting("CLI_TEST"), "");
  ::setenv("OLLAMA_CLI_TEST", " \"theirs\" ", 1);
  EXPECT_EQ(setting("CLI_TEST"), "theirs");
  ::setenv("AXLLAMA_CLI_TEST", "ours", 1);
  EXPECT_EQ(setting("CLI_TEST"), "ours");
  ::setenv("AXLLAMA_CLI_TEST", "", 1);
  EXPECT_EQ(setting("CLI_TEST"), "theirs");
}

TEST_F(Environment, SwitchesAreOnForAllButFalse) {
  EXPECT_FALSE(switch_setting("CLI_TEST"));
  for (const char* off : {"0", "false", "FALSE", "f", ""}) {
    ::setenv("OLLAMA_CLI_TEST", off, 1);
    EXPECT_FALSE(switch_setting("CLI_TEST")) << off;
  }
  for (const char* on : {"1", "true", "yes", "whatever"}) {
    ::setenv("OLLAMA_CLI_TEST", on, 1);
    EXPECT_TRUE(switch_setting("CLI_TEST")) << on;
  }
}

}  // namespace
}  // namespace axllama::cli
