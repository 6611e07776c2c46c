// Packages dropped into a folder that a running server watches.
#include <filesystem>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/eventually.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using testing::Reply;

std::set<std::string> models_of(const testing::ServerProcess& server) {
  const Reply tags = testing::get(server.url(""), "/api/tags");
  std::set<std::string> names;
  for (const json& model : tags.json.at("models")) names.insert(model.at("name").get<std::string>());
  return names;
}

Reply ask(const testing::ServerProcess& server) {
  return testing::post(server.url(""), "/api/generate",
                       {{"model", "dropped"},
                        {"prompt", "What is 2+2?"},
                        {"stream", false},
                        {"options", {{"temperature", 0}}}});
}

TEST(WatchedFolder, APackageDroppedThereAnswersWithoutARestart) {
  const testing::TemporaryFolder folder;
  const fs::path watched = folder.path() / "watched";
  fs::create_directory(watched);
  testing::ServerProcess server({"--watch", watched.string()});
  EXPECT_THAT(server.log(), HasSubstr(" WATCH:" + watched.string() + " "));
  EXPECT_EQ(models_of(server), std::set<std::string>{"axllama-tiny:latest"});
  const Reply missing = ask(server);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.json.value("error", ""), "model 'dropped' not found");

  fs::copy(testing::bundled_models() / "axllama-tiny", folder.path() / "dropped",
           fs::copy_options::recursive);
  fs::rename(folder.path() / "dropped", watched / "dropped");
  EXPECT_TRUE(testing::eventually([&] { return models_of(server).contains("dropped:latest"); }))
      << server.log();
  EXPECT_THAT(server.log(), HasSubstr("a model appeared in a watched folder"));
  const Reply answer = ask(server);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.json.value("response", ""), HasSubstr("4"));

  fs::remove_all(watched / "dropped");
  EXPECT_EQ(models_of(server), std::set<std::string>{"axllama-tiny:latest"});
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace axllama
