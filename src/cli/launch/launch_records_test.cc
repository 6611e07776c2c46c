#include "cli/launch/launch_records.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace axllama::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LaunchRecordsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    file_ = folder_ / "client" / "settings.json";
    fs::create_directory(file_.parent_path());
  }

  void put(const std::string& text) const { std::ofstream(file_, std::ios::binary) << text; }
  LaunchRecords records() const { return LaunchRecords(folder_ / "own"); }
  static mode_t mode(const fs::path& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
  }

  const testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
  fs::path file_;
};

TEST_F(LaunchRecordsTest, AFileIsPutBackToWhatItWas) {
  put("before");
  records().write("droid", file_, "once");
  records().write("droid", file_, "twice");
  EXPECT_EQ(settings_text(file_), "twice");
  EXPECT_THAT(records().restore("droid"), ElementsAre(HasSubstr("is what it was before")));
  EXPECT_EQ(settings_text(file_), "before");
  EXPECT_THAT(records().restore("droid"), ElementsAre());
}

TEST_F(LaunchRecordsTest, AFileThatWasNotThereGoesAgain) {
  records().write("droid", file_, "text");
  EXPECT_THAT(records().restore("droid"), ElementsAre(HasSubstr("removed")));
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(LaunchRecordsTest, WhatSomebodyWroteSinceIsNeverLost) {
  put("first");
  records().write("droid", file_, "ours");
  put("somebody's");
  EXPECT_THAT(records().restore("droid"), ElementsAre(HasSubstr("changed since")));
  EXPECT_EQ(settings_text(file_), "somebody's");
  records().write("droid", file_, "ours again");  // a copy of somebody's is made now
  records().restore("droid");
  EXPECT_EQ(settings_text(file_), "somebody's");
  EXPECT_EQ(settings_text(folder_ / "own" / "backups" / "droid-settings.json-1"), "first");
  EXPECT_EQ(settings_text(folder_ / "own" / "backups" / "droid-settings.json-2"), "somebody's");
}

TEST_F(LaunchRecordsTest, PermissionsAndLinksStay) {
  put("before");
  ASSERT_EQ(::chmod(file_.c_str(), 0640), 0);
  const fs::path link = folder_ / "link.json";
  fs::create_symlink(file_, link);
  records().write("droid", link, "after");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(settings_text(file_), "after");
  EXPECT_EQ(mode(file_), 0640U);
  EXPECT_EQ(mode(folder_ / "own" / "backups" / "droid-link.json-1"), 0600U);
  EXPECT_EQ(mode(folder_ / "own" / "launch.json"), 0600U);
}

TEST_F(LaunchRecordsTest, RemembersTheModelUntilRestored) {
  EXPECT_EQ(records().model("claude"), "");
  records().remember_model("claude", "qwen3:4b");
  EXPECT_EQ(records().model("claude"), "qwen3:4b");
  records().restore("claude");
  EXPECT_EQ(records().model("claude"), "");
}

TEST_F(LaunchRecordsTest, AnUnreadableRecordIsNotOverwritten) {
  fs::create_directory(folder_ / "own");
  std::ofstream(folder_ / "own" / "launch.json") << "[1, 2";
  EXPECT_THROW(records(), base::Error);
}

}  // namespace
}  // namespace axllama::cli
