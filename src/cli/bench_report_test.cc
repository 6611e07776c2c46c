#include "cli/bench_report.h"

#include <gtest/gtest.h>

namespace axllama::cli {
namespace {

BenchReport sample() {
  BenchReport report;
  report.model = "m";
  report.weight_bytes = 2'000'000'000;
  report.software_card = true;
  report.layer_parameters = 1'000'000'000;
  report.prompts.push_back({128, 0.5, 40, 0.512});
  report.chunk = {128, 0.4, 0.634};
  report.decodes.push_back({16, 64, 0.1, 0.0002, 41, 1, 5188, 303872, 0.8});
  report.parallel.push_back({2, 20, 2.1});
  report.bandwidths = {{1, 22, 20}, {2, 40, 25}};
  report.peaks = {{2, "AVX2", 1000, 1100}};
  return report;
}

TEST(BenchReport, StatesSharesOfTheMachinesLimits) {
  const BenchReport report = sample();
  EXPECT_DOUBLE_EQ(report.share_of(report.bandwidths[1], 0.1), 20.0 / 25.0);
  EXPECT_DOUBLE_EQ(report.share_of(report.peaks[0], 128, 0.5), 2 * 128 / 0.5 / 1000);
  const std::string table = bench_table(report);
  EXPECT_NE(table.find("80 %"), std::string::npos) << table;
  EXPECT_NE(table.find("51 %"), std::string::npos) << table;
  EXPECT_NE(table.find("a chunk of 128 without the output head: 0.4000 s, 63 % of"), std::string::npos)
      << table;
  EXPECT_NE(table.find("8-bit multiply-adds (AVX2), 2 threads: 1000 GOP/s"), std::string::npos) << table;
}

TEST(BenchReport, JsonHoldsRatesCallsAndBytes) {
  const auto json = bench_json(sample());
  EXPECT_DOUBLE_EQ(json["prompt"][0]["tokens_per_second"].get<double>(), 256);
  EXPECT_DOUBLE_EQ(json["chunk"]["share_of_integer_peak"].get<double>(), 0.634);
  EXPECT_DOUBLE_EQ(json["decode"][0]["tokens_per_second"].get<double>(), 10);
  EXPECT_EQ(json["decode"][0]["remote_calls_per_token"], 41);
  EXPECT_EQ(json["simulated"], true);
}

TEST(BenchReport, StatesSharesOfTheTimingProfilesCeiling) {
  BenchReport report = sample();
  EXPECT_EQ(bench_table(report).find("ceiling of"), std::string::npos);
  EXPECT_EQ(report.share_of_ceiling(0.1), 0);
  report.ceiling = {"pi5", 0.08, 0.01, 0.008};
  EXPECT_DOUBLE_EQ(report.share_of_ceiling(0.1), 0.98);
  const std::string table = bench_table(report);
  EXPECT_NE(table.find("98.0 %"), std::string::npos) << table;
  EXPECT_NE(table.find("93.3 %"), std::string::npos) << table;
  EXPECT_NE(table.find("ceiling of the timing profile pi5: 98.00 ms a token"), std::string::npos) << table;
  const auto json = bench_json(report);
  EXPECT_DOUBLE_EQ(json["decode"][0]["share_of_ceiling"].get<double>(), 0.98);
  EXPECT_DOUBLE_EQ(json["parallel"][0]["tokens_per_second"].get<double>(), 20 / 2.1);
}

TEST(BenchReport, SaysWhatADraftModelBrought) {
  BenchReport report = sample();
  EXPECT_EQ(bench_table(report).find("with guesses of"), std::string::npos);
  report.draft = "small";
  report.drafts.push_back({16, 50, 4, {}});
  report.drafts[0].stats.drafted_tokens = 61;
  report.drafts[0].stats.accepted_drafts = 37;
  const std::string table = bench_table(report);
  EXPECT_NE(table.find("with guesses of small"), std::string::npos) << table;
  EXPECT_NE(table.find("12.50"), std::string::npos) << table;
  EXPECT_NE(table.find("37"), std::string::npos) << table;
  const auto json = bench_json(report);
  EXPECT_DOUBLE_EQ(json["draft"][0]["tokens_per_second"].get<double>(), 12.5);
  EXPECT_EQ(json["draft"][0]["drafted_tokens"], 61);
  EXPECT_EQ(json["draft"][0]["accepted_drafts"], 37);
}

TEST(BenchReport, TheTableSaysWhenTheCardIsSimulated) {
  BenchReport report = sample();
  EXPECT_NE(bench_table(report).find("simulated"), std::string::npos);
  report.software_card = false;
  report.bandwidths.clear();
  report.peaks.clear();
  EXPECT_EQ(bench_table(report).find("simulated"), std::string::npos);
}

}  // namespace
}  // namespace axllama::cli
