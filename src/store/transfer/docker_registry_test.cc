#include "tests/support/docker_registry.h"

#include <atomic>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "model/testing/package_folder.h"
#include "store/library.h"
#include "store/model_builder.h"
#include "store/transfer/model_transfer.h"
#include "tests/support/process.h"

namespace axllama::store {
namespace {

TEST(DockerRegistryTest, AModelComesBackAsItWasPushed) {
  const axllama::testing::DockerRegistry registry;
  const axllama::testing::TemporaryFolder home;

  model::testing::PackageFolder package;
  package.write_package();
  package.write("qwen3_p128_l0_together.axmodel", std::string(3'000'000, 'w'));
  const ModelName name = ModelName::require("http://" + registry.host() + "/team/tiny:v1");
  ModelStore mine(home.path() / "mine");
  ModelBuilder builder(mine, [](const std::string&) {});
  builder.start_from_folder(package.path());
  builder.check_package("tiny");
  ModelSettings settings;
  settings.system = "Be brief.";
  builder.apply(settings);
  builder.write(name);

  TransferOptions options;
  options.part_bytes = 1'000'000;
  const std::atomic<bool> never{false};
  std::string last;
  const auto note = [&last](const TransferProgress& progress) { last = progress.status; };
  for (int round = 0; round < 2; ++round) {  // the second time everything is there already
    ModelTransfer(mine, options).push(name, false, note, never);
    EXPECT_EQ(last, "success");
  }
  ModelStore other(home.path() / "other");
  ModelTransfer(other, options).pull({.name = name}, note, never);
  EXPECT_EQ(last, "success");
  EXPECT_EQ(other.manifests().text(name), mine.manifests().text(name));
  const Library library(LibraryOptions{.store = other.folder()});
  EXPECT_EQ(library.open(library.find(name.short_text()))->layer_count(), 3U);
  EXPECT_EQ(library.settings(library.find(name.short_text())).system, "Be brief.");

  const ModelName missing = ModelName::require("http://" + registry.host() + "/team/none");
  try {
    ModelTransfer(other, options).pull({.name = missing}, note, never);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.message(), "pull model manifest: file does not exist");
  }
}

}  // namespace
}  // namespace axllama::store
