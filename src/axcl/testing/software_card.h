#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "axcl/card.h"
#include "axcl/runtime.h"
#include "axcl/testing/fake_library.h"
#include "tests/support/random_package.h"

namespace axllama::axcl::testing {

/// The software card, found as the program finds it.
inline std::shared_ptr<Runtime> open_software_card() {
  RuntimeOptions options;
  options.allow_vendor = false;
  return Runtime::open(options);
}

/// A software card with the settings of a test, and a folder of the test's own.
class SoftwareCardTest : public ::testing::Test {
 protected:
  SoftwareCardTest()
      : folder_(std::filesystem::path(::testing::TempDir()) / ("card_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~SoftwareCardTest() override {
    card_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Opens it anew with settings of docs/softcard.md.
  Card& open(const std::string& settings = R"({"quiet":true})") {
    card_.reset();
    environment_.emplace("AXLLAMA_SOFTCARD_CONFIG", (folder_ / "card.json").string());
    axllama::testing::random_package_internal::write_text(folder_ / "card.json", settings);
    card_ = std::make_unique<Card>(open_software_card(), 0);
    return *card_;
  }
  /// A layer of random weights whose chunks have so many rows.
  std::filesystem::path layer(std::size_t rows = 64) {
    axllama::testing::RandomModel model;
    model.chunk = rows;
    axllama::testing::write_random_layer(model, folder_, 0);
    return model.layer_file(folder_, 0);
  }

 private:
  std::filesystem::path folder_;
  std::optional<ScopedEnvironment> environment_;
  std::unique_ptr<Card> card_;
};

}  // namespace axllama::axcl::testing
