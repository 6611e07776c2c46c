// A server whose card or package computes garbage says so instead of serving it.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/api.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::post;

nlohmann::json question(const std::string& model) {
  return {{"model", model}, {"prompt", "Hello!"}, {"stream", false}, {"options", {{"num_predict", 2}}}};
}

fs::path layer_of(const fs::path& package, int index) {
  for (const auto& entry : fs::directory_iterator(package)) {
    if (entry.path().filename().string().find("_l" + std::to_string(index) + "_") != std::string::npos)
      return entry.path();
  }
  throw std::runtime_error("no such layer");
}

TEST(Trust, TheBundledPackageBringsItsCanary) {
  EXPECT_TRUE(fs::exists(testing::bundled_models() / "axllama-tiny" / "canary.json"));
}

TEST(Trust, AGoodCardIsTestedOnceAndServes) {
  testing::ServerProcess server;
  EXPECT_EQ(post(server.url(""), "/api/generate", question("axllama-tiny")).status, 200);
  EXPECT_THAT(server.log(), HasSubstr("the card passed its self-test"));
}

TEST(Trust, APackageWithMixedUpLayersIsNotServed) {
  const testing::TemporaryFolder folder;
  fs::copy(testing::bundled_models() / "axllama-tiny", folder.path() / "mixed");
  fs::copy_file(layer_of(folder.path() / "mixed", 0), layer_of(folder.path() / "mixed", 3),
                fs::copy_options::overwrite_existing);
  testing::ServerProcess server({"--model-root", folder.path().string()});
  const auto reply = post(server.url(""), "/api/generate", question("mixed"));
  EXPECT_GE(reply.status, 500);
  EXPECT_THAT(reply.json.value("error", ""), HasSubstr("its canary's logits differ"));
  EXPECT_EQ(post(server.url(""), "/api/generate", question("axllama-tiny")).status, 200);
}

TEST(Trust, ACardThatComputesNoiseIsNotServed) {
  testing::ServerProcess server({}, {{"AXLLAMA_SOFTCARD_FAULTS", "corrupt:corruption=noise,at=5,times=40"}});
  const auto reply = post(server.url(""), "/api/generate", question("axllama-tiny"));
  EXPECT_GE(reply.status, 500);
  EXPECT_THAT(reply.json.value("error", ""), HasSubstr("self-test's check"));
  EXPECT_THAT(server.log(), HasSubstr("the card failed its self-test"));
}

}  // namespace
}  // namespace axllama
