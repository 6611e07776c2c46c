#include "cli/completion_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::cli {
namespace {

using ::testing::HasSubstr;

TEST(CompletionScript, NamesCommandsOptionsAndModels) {
  const std::vector<CompletionCommand> commands{{"run", "Talk to it's model", {"--format", "-v"}, true},
                                                {"serve", "Serve", {"--host"}, false},
                                                {"launch", "Start", {"--model"}, false, {"claude", "pi"}}};
  const std::string bash = completion_script("bash", commands);
  EXPECT_THAT(bash, HasSubstr("compgen -W 'run serve launch --help --version'"));
  EXPECT_THAT(bash, HasSubstr("run) options='--format -v'; models=yes ;;"));
  EXPECT_THAT(bash, HasSubstr("serve) options='--host' ;;"));
  EXPECT_THAT(bash, HasSubstr("launch) options='--model'; words='claude pi' ;;"));
  const std::string zsh = completion_script("zsh", commands);
  EXPECT_THAT(zsh, HasSubstr("'run:Talk to its model'"));
  EXPECT_THAT(zsh, HasSubstr("run) options=(--format -v); models=yes ;;"));
  EXPECT_THAT(zsh, HasSubstr("launch) options=(--model); names=(claude pi) ;;"));
  const std::string fish = completion_script("fish", commands);
  EXPECT_THAT(fish, HasSubstr("from run' -l format\n"));
  EXPECT_THAT(fish, HasSubstr("from run' -s v\n"));
  EXPECT_THAT(fish, HasSubstr("'__fish_seen_subcommand_from run' -f -a"));
  EXPECT_THAT(fish, HasSubstr("from launch' -f -a 'claude pi'\n"));
  EXPECT_THROW(completion_script("tcsh", commands), base::Error);
}

}  // namespace
}  // namespace axllama::cli
