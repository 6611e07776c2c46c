// `axllama doctor` as a user types it.
#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::run_command;

TEST(Doctor, FindsTheSoftwareCardWell) {
  const auto result = run_command({testing::axllama_program(), "doctor"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("self-test chunk-equals-decode: Keys and values"));
  EXPECT_THAT(result.out, HasSubstr("refuses broken rules"));
  EXPECT_EQ(result.err, "");
}

TEST(Doctor, SpeaksJsonAndFailsForACardThatComputesNoise) {
  const auto result = run_command({testing::axllama_program(), "doctor", "--json"},
                                  {{"AXLLAMA_SOFTCARD_FAULTS", "corrupt:corruption=noise,at=4,times=5"}});
  EXPECT_EQ(result.status, 1) << result.out << result.err;
  const json report = json::parse(result.out);
  EXPECT_FALSE(report.at("healthy").get<bool>());
  const auto failed = std::find_if(report["findings"].begin(), report["findings"].end(),
                                   [](const json& finding) { return finding["status"] == "failed"; });
  ASSERT_NE(failed, report["findings"].end());
  EXPECT_FALSE(failed->value("mend", "").empty());
}

TEST(Doctor, LeavesTheCardAloneWhenAsked) {
  const auto result = run_command({testing::axllama_program(), "doctor", "--no-card", "--json"},
                                  {{"AXLLAMA_SOFTCARD_DEVICES", ""}});
  EXPECT_EQ(result.status, 0) << result.out;
  EXPECT_EQ(result.out.find("self-test"), std::string::npos);
}

TEST(Doctor, SaysThatTheModelToTestWithIsUnknown) {
  const auto result = run_command({testing::axllama_program(), "doctor", "--model", "no-such-model"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("no-such-model"));
}

}  // namespace
}  // namespace axllama
