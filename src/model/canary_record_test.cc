#include "model/canary_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/testing/record_file.h"

namespace axllama::model {
namespace {

using base::testing::error_of;
using ::testing::HasSubstr;

using CanaryRecordTest = testing::RecordFileTest<read_canary>;

TEST_F(CanaryRecordTest, ComesBackAsItWasWritten) {
  EXPECT_FALSE(read_canary(file()).has_value());
  const CanaryRecord record{{1, 2, 3}, {0, 5, 9}, {0.1F, -3.25F, 1e-7F}, "a test"};
  write_canary(file(), record);
  const auto read = read_canary(file());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->prompt, record.prompt);
  EXPECT_EQ(read->tokens, record.tokens);
  EXPECT_EQ(read->logits, record.logits);
  EXPECT_EQ(read->recorded_by, "a test");
  EXPECT_EQ(file_count(), 1) << "nothing is left beside it";
}

TEST_F(CanaryRecordTest, ForeignFilesAreNamed) {
  problem("[");
  EXPECT_THAT(problem("{}"), HasSubstr("version 1"));
  EXPECT_THAT(problem(R"({"version":2})"), HasSubstr("version 1"));
  EXPECT_THAT(problem(R"({"version":1})"), HasSubstr("\"prompt\""));
  EXPECT_THAT(problem(R"({"version":1,"prompt":[1.5]})"), HasSubstr("\"prompt\""));
  EXPECT_THAT(problem(R"({"version":1,"prompt":[1],"tokens":["x"]})"), HasSubstr("\"tokens\""));
  EXPECT_THAT(problem(R"({"version":1,"prompt":[1],"tokens":[1,2],"logits":[1]})"),
              HasSubstr("2 tokens but 1 logits"));
}

TEST_F(CanaryRecordTest, SaysWhereItCannotBeWritten) {
  EXPECT_THAT(error_of([&] { write_canary("/proc/no/canary.json", {}); }).message(),
              HasSubstr("/proc/no/canary.json"));
}

}  // namespace
}  // namespace axllama::model
