#include "model/cost_record.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/testing/record_file.h"

namespace axllama::model {
namespace {

namespace fs = std::filesystem;
using base::testing::error_of;
using ::testing::HasSubstr;

using CostRecordTest = testing::RecordFileTest<read_costs>;

TEST_F(CostRecordTest, ComesBackAsItWasWritten) {
  EXPECT_FALSE(read_costs(file()).has_value());
  CostRecord record{.card = "AX650N by 3.10.2", .decode_step = 0.237, .copy = 1e-3};
  record.chunks = {{128, 0, 0.4, true}, {128, 512, 0.49, false}};
  write_costs(file(), record);
  EXPECT_EQ(read_costs(file()), record);
  record.byte = 2.5e-9;
  record.decode_step.reset();
  write_costs(file(), record);
  EXPECT_EQ(read_costs(file()), record);
  EXPECT_EQ(file_count(), 1) << "nothing is left beside it";
}

TEST_F(CostRecordTest, ForeignFilesAreNamed) {
  problem("[");
  EXPECT_THAT(problem("{}"), HasSubstr("version is not 1"));
  EXPECT_THAT(problem(R"({"version":1})"), HasSubstr("\"chunks\""));
  EXPECT_THAT(problem(R"({"version":1,"chunks":[1]})"), HasSubstr("a chunk has no rows"));
  EXPECT_THAT(problem(R"({"version":1,"chunks":[{"rows":64,"history":-1,"seconds":1,"full":true}]})"),
              HasSubstr("a chunk has no rows"));
  EXPECT_THAT(problem(R"({"version":1,"chunks":[{"rows":64,"history":0,"seconds":0,"full":true}]})"),
              HasSubstr("cannot take 0.0"));
  EXPECT_THAT(problem(R"({"version":1,"decode_step":"x","chunks":[]})"), HasSubstr("\"decode_step\""));
  EXPECT_THAT(problem(R"({"version":1,"decode_step":-1,"chunks":[]})"), HasSubstr("cannot take -1.0"));
  EXPECT_THAT(problem(R"({"version":1,"decode_step":1e9,"chunks":[]})"), HasSubstr("cannot take"));
}

TEST_F(CostRecordTest, SaysWhenItCannotBeWritten) {
  fs::create_directories(file());
  EXPECT_THAT(error_of([&] { write_costs(file(), {}); }).message(), HasSubstr("cannot be written"));
}

}  // namespace
}  // namespace axllama::model
