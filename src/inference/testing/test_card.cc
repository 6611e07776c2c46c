#include "inference/testing/test_card.h"

#include <stdexcept>

#include <nlohmann/json.hpp>

#include "tests/paths.h"

namespace axllama::inference {
namespace {

std::shared_ptr<axcl::Runtime> open_software_card() {
  axcl::RuntimeOptions options;
  options.library = std::filesystem::path(AXLLAMA_BINARY_DIR) / "lib/softcard/libaxcl_rt.so";
  return axcl::Runtime::open(options);
}

}  // namespace

TestCard::TestCard() : runtime_(open_software_card()), card_(runtime_, 0) {}

std::uint64_t TestCard::own_counter(const std::string& pointer) const {
  return nlohmann::json::parse(runtime_->software_card_counters())
      .at(nlohmann::json::json_pointer(pointer))
      .get<std::uint64_t>();
}

TestPackage::TestPackage(const testing::RandomModel& model) : model_(model) {
  testing::write_random_package(model_, folder());
}

std::shared_ptr<const model::Package> TestPackage::open() const {
  return model::Package::open(folder());
}

}  // namespace axllama::inference
