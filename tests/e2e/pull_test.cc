// Models are pulled with the command line through a running server, from a hub that can be slow or ask for
// credentials.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/manifest.h"
#include "store/testing/fake_hub.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

namespace fs = std::filesystem;
using store::testing::FakeHub;
using testing::CommandResult;
using testing::Environment;
using ::testing::HasSubstr;
using testing::ServerProcess;

constexpr const char* kRepository = "hf.co/owner/repo";

/// The bundled model's package at the hub, and a store on the disk.
class Pull : public ::testing::Test {
 protected:
  Pull() {
    const fs::path package = testing::bundled_models() / "axllama-tiny";
    for (const auto& entry : fs::recursive_directory_iterator(package)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      files_[entry.path().lexically_relative(package)] = {std::istreambuf_iterator<char>(file), {}};
    }
    // All with a digest; the hub's small files without one are fetched again each time.
    for (const auto& [name, content] : files_) hub_.add_file(name, content);
  }

  /// What a server is started with; credentials of whoever runs the tests do not count.
  Environment environment(Environment more = {}) const {
    more["HF_ENDPOINT"] = hub_.url();
    more["OLLAMA_MODELS"] = store();
    more.try_emplace("HF_TOKEN", "");
    more.try_emplace("AXLLAMA_REGISTRY_AUTH", "");
    return more;
  }
  static CommandResult axllama(const ServerProcess& server, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), testing::axllama_program());
    return testing::run_command(arguments, {{"OLLAMA_HOST", server.host()}});
  }
  static void expect_success(const CommandResult& result) {
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("success"));
  }
  static void expect_refusal(const CommandResult& result, const std::string& advice) {
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("is denied (status 401); " + advice));
  }
  static void expect_answer(const ServerProcess& server, const std::string& model) {
    const CommandResult answer = axllama(server, {"run", model, "What is 2+2?"});
    EXPECT_EQ(answer.status, 0) << answer.err;
    EXPECT_THAT(answer.out, HasSubstr("4"));
  }

  fs::path store() const { return folder_.path() / "store"; }
  /// The same package as a registry keeps it.
  std::string registry_manifest() {
    const std::string config = "{}";
    hub_.add_file("config of the manifest", config);
    store::Manifest manifest{.config = {.media_type = std::string(store::media_type::kConfig),
                                        .digest = store::Digest::of(config),
                                        .size = config.size()},
                             .layers = {}};
    for (const auto& [name, content] : files_) {
      manifest.layers.push_back({.media_type = std::string(store::media_type::kPackageFile),
                                 .digest = store::Digest::of(content),
                                 .size = content.size(),
                                 .name = name});
    }
    return manifest.text();
  }

  FakeHub hub_;
  testing::TemporaryFolder folder_;
  std::map<std::string, std::string> files_;  // the package's, by their paths in it
};

TEST_F(Pull, GoesOnAfterAKillWhereItEnded) {
  constexpr std::size_t kPart = 32 * 1024 * 1024;
  constexpr std::size_t kRest = 1024 * 1024;
  const std::string two_parts(kPart + kRest, 'x');
  const std::string parts_list = store::Digest::of(two_parts).file_name() + ".parts";
  hub_.add_file("two_parts.bin", two_parts);
  hub_.set_fault("two_parts.bin", {.times = 1000, .cut_after = 2 * kRest, .stall = true});  // the first part
  {
    ServerProcess server({}, environment());
    std::thread client([&server] { EXPECT_NE(axllama(server, {"pull", kRepository}).status, 0); });
    // All but the first of the two parts.
    const auto arrived = [this, &parts_list] {
      std::error_code error;
      const fs::directory_iterator blobs(store() / "blobs", error);
      return !error && static_cast<std::size_t>(std::distance(begin(blobs), end(blobs))) == files_.size() &&
             fs::exists(store() / "axllama" / "partial" / parts_list, error);
    };
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (!arrived() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_TRUE(arrived());
    server.process().signal(SIGKILL);
    EXPECT_EQ(server.process().wait(std::chrono::minutes(1)), 128 + SIGKILL);
    client.join();
  }
  hub_.set_fault("two_parts.bin", {});
  const std::uint64_t sent = hub_.bytes_sent();
  ServerProcess server({}, environment());
  expect_success(axllama(server, {"pull", kRepository}));
  EXPECT_EQ(hub_.bytes_sent() - sent, kPart);
  EXPECT_THAT(axllama(server, {"list"}).out, HasSubstr("hf.co/owner/repo:latest"));
  expect_answer(server, kRepository);
  EXPECT_TRUE(fs::is_empty(store() / "axllama" / "partial"));
}

TEST_F(Pull, WithoutCredentialsTheErrorSaysWhereToPutThem) {
  hub_.require("Bearer mine");
  hub_.set_manifest(registry_manifest());
  {
    ServerProcess server({}, environment());
    expect_refusal(axllama(server, {"pull", kRepository}),
                   "if the repository is private or gated, set HF_TOKEN to a token that may read it");
    expect_refusal(
        axllama(server, {"pull", "--insecure", hub_.host() + "/library/tiny:1"}),
        "give the registry's credentials as AXLLAMA_REGISTRY_AUTH=\"" + hub_.host() + "=USER:PASSWORD\"");
  }
  ServerProcess server({}, environment({{"HF_TOKEN", "another"}}));
  expect_refusal(axllama(server, {"pull", kRepository}),
                 "the token in HF_TOKEN may not read this repository");
  EXPECT_EQ(hub_.bytes_sent(), 0U);
}

TEST_F(Pull, TheUsersTokenAndCatalogueAreUsed) {
  const fs::path catalogue = folder_.path() / "catalogue.json";
  std::ofstream(catalogue) << R"({"small:1b": "owner/repo"})";
  hub_.require("Bearer mine");
  ServerProcess server({}, environment({{"HF_TOKEN", "mine"}, {"AXLLAMA_CATALOGUE", catalogue}}));
  expect_success(axllama(server, {"pull", "small:1b"}));
  const std::uint64_t sent = hub_.bytes_sent();
  expect_success(axllama(server, {"pull", kRepository}));
  EXPECT_EQ(hub_.bytes_sent(), sent);  // the same files
  EXPECT_FALSE(hub_.credentials_leaked());
  expect_answer(server, "small:1b");
}

TEST_F(Pull, TheUsersPasswordOpensARegistry) {
  hub_.require("Bearer granted");
  hub_.set_manifest(registry_manifest());
  ServerProcess server({}, environment({{"AXLLAMA_REGISTRY_AUTH", hub_.host() + "=user:secret"}}));
  const std::string name = hub_.host() + "/library/tiny:1";
  expect_success(axllama(server, {"pull", "--insecure", name}));
  expect_answer(server, name);
}

}  // namespace
}  // namespace axllama
