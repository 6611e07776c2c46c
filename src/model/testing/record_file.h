#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/testing/error_of.h"

namespace axllama::model::testing {

/// A record's file in a folder that is made when it is written; `Read` is the record's reader.
template <auto Read>
class RecordFileTest : public ::testing::Test {
 protected:
  RecordFileTest()
      : folder_(std::filesystem::path(::testing::TempDir()) / ("record_" + std::to_string(::getpid()))) {}
  ~RecordFileTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path file() const { return folder_ / "deep" / "record.json"; }
  /// Files in the record's folder.
  std::ptrdiff_t file_count() const {
    return std::distance(std::filesystem::directory_iterator(file().parent_path()), {});
  }
  /// Why a file of this content is no record.
  std::string problem(const std::string& content) const {
    std::filesystem::create_directories(file().parent_path());
    std::ofstream(file()) << content;
    const base::Error error = base::testing::error_of([&] { Read(file()); });
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
    EXPECT_NE(error.message().find(file().string()), std::string::npos) << error.message();
    return error.message();
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace axllama::model::testing
