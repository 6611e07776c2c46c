#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "axcl/card.h"
#include "axcl/runtime.h"
#include "inference/engine.h"
#include "tests/support/random_package.h"
#include "tests/support/temporary_folder.h"

namespace axllama::inference {

using testing::TemporaryFolder;

/// The software card that this build made, opened on the calling thread.
class TestCard {
 public:
  TestCard();

  axcl::Card& card() noexcept { return card_; }
  std::shared_ptr<axcl::Runtime> runtime() const noexcept { return runtime_; }
  /// A number of the software card's own counters, by its path in the JSON ("/remote_calls").
  std::uint64_t own_counter(const std::string& pointer) const;

 private:
  std::shared_ptr<axcl::Runtime> runtime_;
  axcl::Card card_;
};

/// A random model's package in a folder of its own.
class TestPackage {
 public:
  explicit TestPackage(const testing::RandomModel& model);

  const testing::RandomModel& model() const noexcept { return model_; }
  const std::filesystem::path& folder() const noexcept { return folder_.path(); }
  std::shared_ptr<const model::Package> open() const;

 private:
  testing::RandomModel model_;
  TemporaryFolder folder_;
};

}  // namespace axllama::inference
