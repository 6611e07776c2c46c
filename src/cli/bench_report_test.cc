#include "cli/bench_report.h"

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

BenchReport sample() {
  BenchReport report;
  report.model = "m";
  report.weight_bytes = 2'000'000'000;
  report.software_card = true;
  report.prompts.push_back({128, 0.5, 40});
  report.decodes.push_back({16, 64, 0.1, 0.0002, 41, 5188, 303872});
  report.bandwidths = {{1, 22, 20}, {2, 40, 25}};
  return report;
}

TEST(BenchReport, StatesDecodeAsAShareOfTheAverageBandwidthAtAllThreads) {
  const BenchReport report = sample();
  EXPECT_DOUBLE_EQ(report.share_of_bandwidth(report.decodes[0]), 20.0 / 25.0);
  BenchReport real_card = report;
  real_card.bandwidths.clear();
  EXPECT_EQ(real_card.share_of_bandwidth(report.decodes[0]), 0);
}

TEST(BenchReport, JsonHoldsRatesCallsAndBytes) {
  const auto json = bench_json(sample());
  EXPECT_DOUBLE_EQ(json["prompt"][0]["tokens_per_second"].get<double>(), 256);
  EXPECT_DOUBLE_EQ(json["decode"][0]["tokens_per_second"].get<double>(), 10);
  EXPECT_EQ(json["decode"][0]["remote_calls_per_token"], 41);
  EXPECT_EQ(json["simulated"], true);
}

TEST(BenchReport, TheTableSaysWhenTheCardIsSimulated) {
  BenchReport report = sample();
  EXPECT_NE(bench_table(report).find("simulated"), std::string::npos);
  report.software_card = false;
  report.bandwidths.clear();
  EXPECT_EQ(bench_table(report).find("simulated"), std::string::npos);
}

}  // namespace
}  // namespace axllama::cli
