#include "model/canary_record.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace axllama::model {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CanaryRecordTest : public ::testing::Test {
 protected:
  CanaryRecordTest() : folder_(fs::path(::testing::TempDir()) / ("canary_" + std::to_string(::getpid()))) {}
  ~CanaryRecordTest() override { fs::remove_all(folder_); }

  fs::path file() const { return folder_ / "deep" / "canary.json"; }
  std::string problem(const std::string& content) const {
    fs::create_directories(file().parent_path());
    std::ofstream(file()) << content;
    try {
      read_canary(file());
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
      EXPECT_THAT(error.message(), HasSubstr(file().string()));
      return error.message();
    }
    return {};
  }

 private:
  fs::path folder_;
};

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
  EXPECT_EQ(std::distance(fs::directory_iterator(file().parent_path()), {}), 1)
      << "nothing is left beside it";
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
  try {
    write_canary("/proc/no/canary.json", {});
    FAIL() << "written";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("/proc/no/canary.json"));
  }
}

}  // namespace
}  // namespace axllama::model
