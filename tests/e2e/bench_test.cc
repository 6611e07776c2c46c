// `axllama bench` as a user types it.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;
using testing::CommandResult;
using ::testing::HasSubstr;

CommandResult bench(const std::vector<std::string>& options) {
  std::vector<std::string> words{testing::axllama_program(),
                                 "bench",
                                 "axllama-tiny",
                                 "--prompt",
                                 "16",
                                 "--depth",
                                 "8",
                                 "--tokens",
                                 "4",
                                 "--repeats",
                                 "1"};
  words.insert(words.end(), options.begin(), options.end());
  return testing::run_command(words, {{"AXLLAMA_SOFTCARD_THREADS", "1"}});
}

void expect_positive(const json& object, const std::vector<const char*>& fields) {
  for (const char* field : fields) {
    ASSERT_TRUE(object.contains(field)) << field << " in " << object;
    EXPECT_GT(object[field].get<double>(), 0) << field;
  }
}

TEST(Bench, SaysHowNearToTheMachinesLimitsAndAtWhatCost) {
  const CommandResult result = bench({"--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  const json report = json::parse(result.out);
  expect_positive(report, {"layers", "weight_bytes", "load_seconds"});
  EXPECT_EQ(report.value("simulated", false), true);
  ASSERT_EQ(report.at("prompt").size(), 1U);
  expect_positive(report["prompt"][0],
                  {"tokens", "tokens_per_second", "remote_calls", "share_of_integer_peak"});
  ASSERT_EQ(report.at("decode").size(), 1U);
  EXPECT_EQ(report["decode"][0].at("tokens"), 4);
  expect_positive(report["decode"][0], {"tokens_per_second", "seconds_per_token", "host_seconds_per_token",
                                        "remote_calls_per_token", "bytes_up_per_token",
                                        "bytes_down_per_token", "share_of_bandwidth"});
  ASSERT_EQ(report.at("memory_read").size(), 1U);
  expect_positive(report["memory_read"][0], {"threads", "average_gb_per_s", "best_gb_per_s"});
  ASSERT_EQ(report.at("integer_peak").size(), 1U);
  expect_positive(report["integer_peak"][0], {"threads", "average_gop_per_s", "best_gop_per_s"});
}

TEST(Bench, IsATableOtherwise) {
  const CommandResult result = bench({"--no-limits"});
  ASSERT_EQ(result.status, 0) << result.err;
  for (const char* words : {"axllama-tiny (qwen3, 6 layers", "PROMPT", "TOKENS/S", "DECODE AT", "HOST MS",
                            "CALLS", "BYTES UP", "OF BANDWIDTH"}) {
    EXPECT_THAT(result.out, HasSubstr(words));
  }
}

}  // namespace
}  // namespace axllama
