// The server's key, and a registry that hands models only to whom has signed with it.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/paths.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::seconds kPatience{60};

TEST(IdentityAtRegistries, AModelIsPulledWithASignatureOfTheServersKey) {
  const testing::TemporaryFolder folder;
  const fs::path key = folder.path() / ".ollama" / "id_ed25519";
  const fs::path shown = key.string() + ".pub";
  testing::ServerProcess server({}, {{"HOME", folder.path()}});
  ASSERT_TRUE(fs::exists(key)) << server.log();
  EXPECT_EQ(fs::status(key).permissions(), fs::perms::owner_read | fs::perms::owner_write);

  const fs::path port_file = folder.path() / "port";
  const fs::path log = folder.path() / "registry.log";
  const fs::path script = fs::path(AXLLAMA_SOURCE_DIR) / "tests" / "e2e" / "signed_registry.mjs";
  testing::ChildProcess registry({"node", script, port_file, shown}, {}, log);
  int port = 0;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!(std::ifstream(port_file) >> port)) {
    ASSERT_TRUE(registry.running() && std::chrono::steady_clock::now() < deadline) << testing::read_file(log);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const std::string model = "http://127.0.0.1:" + std::to_string(port) + "/library/signed";
  const auto pull = [&] {
    return testing::run_command({testing::axllama_program(), "pull", model},
                                {{"OLLAMA_HOST", server.host()}});
  };
  const testing::CommandResult pulled = pull();
  EXPECT_EQ(pulled.status, 0) << pulled.err << testing::read_file(log);
  EXPECT_THAT(testing::read_file(log), HasSubstr("granted"));
  EXPECT_THAT(testing::read_file(log), Not(HasSubstr("refused")));

  const testing::CommandResult pushed =
      testing::run_command({testing::axllama_program(), "push", model}, {{"OLLAMA_HOST", server.host()}});
  EXPECT_EQ(pushed.status, 0) << pushed.err << testing::read_file(log);
  EXPECT_EQ(pushed.out, "\nYou can find your model at:\n\n\t" + model + "\n");

  // With OLLAMA_AUTH the command line signs what it asks for, too.
  const auto list = [&](const std::string& host) {
    return testing::run_command({testing::axllama_program(), "list"},
                                {{"OLLAMA_HOST", host}, {"HOME", folder.path()}, {"OLLAMA_AUTH", "1"}});
  };
  const testing::CommandResult listed = list("127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(listed.status, 0) << listed.err;
  EXPECT_EQ(list(server.host()).status, 0);  // ours does not mind

  // Another key is not this user's.
  std::ofstream(shown) << "ssh-ed25519 AAAA\n";
  const testing::CommandResult refused = pull();
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("make the key " + shown.string() + " known to your account there"));
  EXPECT_THAT(testing::read_file(log), HasSubstr("refused: the key is not known"));
  EXPECT_THAT(testing::read_file(log), HasSubstr("refused: it is not signed"));  // the last try, as nobody
}

}  // namespace
}  // namespace axllama
