#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "softcard/card/testing/published_rates.h"
#include "softcard/card/timing_profile.h"
#include "tests/paths.h"

namespace axllama::softcard {
namespace {

using namespace testing;  // the published rates

double error_of(const PublishedRate& rate) {
  return predict(rate, timing_profile(rate.profile)) / rate.published - 1;
}

std::string line_of(const PublishedRate& rate) {
  const double predicted = predict(rate, timing_profile(rate.profile));
  return describe(rate) + " " + format_rate(rate, rate.published) + " | " + format_rate(rate, predicted) +
         " | " + format_error(error_of(rate)) + " |";
}

TEST(TimingPredictionTest, TheDocumentStatesEveryRateAndItsError) {
  std::ifstream file(std::filesystem::path(AXLLAMA_SOURCE_DIR) / "docs/softcard.md");
  const std::string document((std::istreambuf_iterator<char>(file)), {});
  for (const PublishedRate& rate : published_rates()) {
    EXPECT_NE(document.find(line_of(rate) + "\n"), std::string::npos) << line_of(rate);
  }
}

TEST(TimingPredictionTest, DecodingAndSingleExecutionsAreMetWithinAFifth) {
  for (const PublishedRate& rate : published_rates()) {
    if (rate.quantity == Quantity::kFirstToken || rate.quantity == Quantity::kPrompt) {
      continue;  // which packages they were measured with is not known
    }
    EXPECT_NEAR(error_of(rate), 0, 0.21) << line_of(rate);
  }
}

}  // namespace
}  // namespace axllama::softcard
